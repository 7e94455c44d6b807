"""One message a call of the component smtp-send, in wasmtime.

    host.py COMPONENT HOST PORT TLS CA-FILE USER PASSWORD MECHANISM COUNT

Prints a JSON object: milliseconds to compile the component, to load what was compiled, to make an
instance; microseconds of each send in one instance, and of each in an instance of its own. The first
send of each kind does not count.
"""
import json
import sys
import time

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime import _ffi as ffi
from wasmtime import component as wc

FACE = "wasm-smtp:smtp/smtp-send@1.0.0"
path, host, port, tls, ca_file, user, secret, mechanism, count = sys.argv[1:]


def record(**fields):
    made = wc.Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


with open(ca_file, "rb") as file:
    trust = file.read()
config = record(host=host, port=int(port), tls=tls, trust=trust, ehlo_name=None, time_limits=[],
                protocol="smtp", options=set(), eager_octets=None)
login = wc.Variant("password", record(user=user, password=secret, mechanism=mechanism, allow_plaintext=False))
message = record(envelope=record(sender="bench@lab.test", options=set(), parameters=[], optional=set(),
                                 recipients=[record(address="b@lab.test", notify=None, original_recipient=None)]),
                 content=b"From: bench@lab.test\r\nSubject: bench\r\n\r\nhello\r\n")

engine = Engine(Config())
linker = wc.Linker(engine)
linker.add_wasip2()


def timed(work):
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def instantiate(component):
    store = Store(engine)
    wasi = WasiConfig()
    wasi.inherit_stderr()
    ffi.wasi_config_inherit_network(wasi.ptr())
    ffi.wasi_config_allow_ip_name_lookup(wasi.ptr(), True)
    store.set_wasi(wasi)
    instance = linker.instantiate(store, component)
    owner = instance.get_export_index(store, FACE)
    return store, instance.get_func(store, instance.get_export_index(store, "send", owner))


def send(store, function):
    result = function(store, config, login, message)
    function.post_return(store)
    if result.tag == "err":
        sys.exit(result.payload.message)


with open(path, "rb") as file:
    octets = file.read()
component, compiling = timed(lambda: wc.Component(engine, octets))
machine_code = component.serialize()
component, loading = timed(lambda: wc.Component.deserialize(engine, machine_code))
(store, function), instantiating = timed(lambda: instantiate(component))
send(store, function)
same = [timed(lambda: send(store, function))[1] for _ in range(int(count))]
fresh = [timed(lambda: send(*instantiate(component)))[1] for _ in range(int(count))]
print(json.dumps({
    "compile": compiling * 1e3, "load": loading * 1e3, "instantiate": instantiating * 1e3,
    "same": [each * 1e6 for each in same], "fresh": [each * 1e6 for each in fresh],
}))

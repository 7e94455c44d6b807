"""Sends a message with the component smtp-send.wasm in wasmtime (the Python package, 40 to 47).

    python send.py smtp-send.wasm HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT... < MESSAGE

Login: user in SMTP_USER, password in SMTP_PASSWORD. From version 48 on, wasmtime's C API denies every
socket and has no call to permit one.
"""
import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime import _ffi
from wasmtime.component import Component, Linker, Record, Variant

INTERFACE = "wasm-smtp:smtp/smtp-send@1.0.0"


def record(**fields):
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


class SmtpError(Exception):
    """What the interface calls an error: kind, step, reply, retryable, in-doubt, recipients."""

    def __init__(self, details):
        super().__init__(details.message)
        self.details = details


class Mailer:
    """One instance of the component. A call waits until the message is sent: use a thread for it."""

    def __init__(self, path):
        engine = Engine()
        self._store = Store(engine)
        wasi = WasiConfig()
        # The package has no method for these two permissions yet.
        _ffi.wasi_config_inherit_network(wasi.ptr())
        _ffi.wasi_config_allow_ip_name_lookup(wasi.ptr(), True)
        self._store.set_wasi(wasi)
        linker = Linker(engine)
        linker.add_wasip2()
        instance = linker.instantiate(self._store, Component.from_file(engine, path))
        interface = instance.get_export_index(self._store, INTERFACE)
        self._send = instance.get_func(self._store, instance.get_export_index(self._store, "send", interface))

    def send(self, host, port, tls, sender, recipients, content, user=None, password=None, authorities=None):
        config = record(host=host, port=port, tls=tls, trust=authorities, ehlo_name=None, time_limits=[],
                        protocol="smtp", options=set(), eager_octets=None)
        credentials = Variant("none")
        if user is not None:
            credentials = Variant("password", record(user=user, password=password, mechanism="automatic",
                                                     allow_plaintext=False))
        envelope = record(sender=sender, options=set(), parameters=[], optional=set(),
                          recipients=[record(address=address, notify=None, original_recipient=None)
                                      for address in recipients])
        result = self._send(self._store, config, credentials, record(envelope=envelope, content=content))
        self._send.post_return(self._store)
        if result.tag == "err":
            raise SmtpError(result.payload)
        return result.payload


def main():
    component, host, port, tls, authorities, sender, *recipients = sys.argv[1:]
    trusted = None
    if authorities != "-":
        with open(authorities, "rb") as file:
            trusted = file.read()
    try:
        outcome = Mailer(component).send(host, int(port), tls, sender, recipients, sys.stdin.buffer.read(),
                                         os.environ.get("SMTP_USER"), os.environ.get("SMTP_PASSWORD"), trusted)
    except SmtpError as error:
        sys.exit(str(error))
    for each in outcome.recipients:
        print(f"{each.address}: {each.status} {each.reply.text if each.reply else ''}")


main()

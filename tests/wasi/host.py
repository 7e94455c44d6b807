"""Runs components in wasmtime for the tests: one JSON object a line on stdin, one answer a line on stdout.

    host.py [--no-network] [--no-lookup] [--memory MIB] COMPONENT

{"call": "INTERFACE#FUNCTION", "arguments": [...]}   -> {"value": ...} or {"trap": "..."}
{"drop": HANDLE}                                     -> {"value": null}

Values follow the function's type: octets are base64, variants {"case": payload} or "case", handles
numbers. The component is instantiated once; --memory limits what its memories may grow to.
"""
import argparse
import base64
import json
import sys

from wasmtime import Config, Engine, Store, WasiConfig, WasmtimeError, Trap
from wasmtime import _ffi as ffi
from wasmtime import component as wc
from wasmtime.component import _types as ct

handles = []


def lower(ty, value):
    if isinstance(ty, ct.RecordType):
        record = wc.Record()
        for name, field in ty.fields:
            setattr(record, name, lower(field, value[name]))
        return record
    if isinstance(ty, ct.ListType):
        if isinstance(ty.element, ct.U8):
            return base64.b64decode(value)
        return [lower(ty.element, each) for each in value]
    if isinstance(ty, ct.OptionType):
        return None if value is None else lower(ty.payload, value)
    if isinstance(ty, ct.VariantType):
        tag, payload = (value, None) if isinstance(value, str) else next(iter(value.items()))
        inner = dict(ty.cases)[tag]
        lowered = None if inner is None else lower(inner, payload)
        return wc.Variant(tag, lowered) if ty._tagged() else lowered
    if isinstance(ty, ct.FlagsType):
        return set(value)
    if isinstance(ty, (ct.OwnType, ct.BorrowType)):
        return handles[value]
    return value


def lift(value):
    if isinstance(value, wc.Record):
        return {name: lift(each) for name, each in value.__dict__.items()}
    if isinstance(value, wc.Variant):
        return {value.tag: lift(value.payload)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [lift(each) for each in value]
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, wc.ResourceAny):
        handles.append(value)
        return len(handles) - 1
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-network", action="store_true")
    parser.add_argument("--no-lookup", action="store_true")
    parser.add_argument("--memory", type=int)
    parser.add_argument("component")
    options = parser.parse_args()
    engine = Engine(Config())
    store = Store(engine)
    wasi = WasiConfig()
    wasi.inherit_stderr()
    if not options.no_network:
        ffi.wasi_config_inherit_network(wasi.ptr())
    ffi.wasi_config_allow_ip_name_lookup(wasi.ptr(), not options.no_lookup and not options.no_network)
    store.set_wasi(wasi)
    if options.memory:
        store.set_limits(memory_size=options.memory << 20)
    linker = wc.Linker(engine)
    linker.add_wasip2()
    instance = linker.instantiate(store, wc.Component.from_file(engine, options.component))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "drop" in request:
                handles[request["drop"]].drop(store)
                answer = {"value": None}
            else:
                interface, name = request["call"].split("#")
                owner = instance.get_export_index(store, interface)
                function = instance.get_func(store, instance.get_export_index(store, name, owner))
                parameters = function.type(store).params
                value = function(store, *[lower(ty, each) for (_, ty), each
                                          in zip(parameters, request["arguments"])])
                function.post_return(store)
                result = function.type(store).result
                answer = {"value": lift(value)}
                # Where the classes tell the cases apart, wasmtime leaves the case out; every error is a record.
                if isinstance(result, ct.ResultType) and not result._tagged():
                    answer["value"] = {"err" if isinstance(value, wc.Record) else "ok": answer["value"]}
        except (Trap, WasmtimeError) as error:
            answer = {"trap": str(error)}
        print(json.dumps(answer), flush=True)


main()

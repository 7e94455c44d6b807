"""Python's smtplib: PORT COUNT OCTETS, as measure.h says."""

import json
import resource
import smtplib
import sys
import time

port, count, octets = (int(text) for text in sys.argv[1:4])
FROM, TO = "bench@lab.test", "b@lab.test"
head = (f"From: <{FROM}>\r\nTo: <{TO}>\r\nSubject: bench\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
        "Message-ID: <1@lab.test>\r\n\r\n").encode()
line = b"A line of a message, as long as lines usually are in mail that people write.\r\n"
message = (head + line * (octets // len(line) + 1))[: octets - 2] + b"\r\n"


def processor():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


client = smtplib.SMTP("127.0.0.1", port, local_hostname="bench.lab.test")
client.sendmail(FROM, [TO], message)
began, cpu = time.perf_counter(), processor()
for _ in range(count):
    client.sendmail(FROM, [TO], message)
passed, cpu = time.perf_counter() - began, processor() - cpu
client.quit()
with open("/proc/self/status") as status:
    peak = next(int(text.split()[1]) for text in status if text.startswith("VmHWM"))
print(json.dumps({"us": passed * 1e6, "cpu": cpu * 1e6, "peak": peak}))

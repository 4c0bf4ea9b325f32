"""`crowd.py PORT IDLE SLOW SECONDS AUTHORIZATION`: IDLE connections that have asked once and are kept, and SLOW ones: a third
sends a head byte by byte, a third a body, a third takes a large reply a little at a time. Who is cut off comes again.

Prints `ready` when all are there, and at the end how many came in all."""

import asyncio
import resource
import sys
import time

port, idle, slow, seconds, authorization = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
HEAD = f"GET /logs/_doc/1kb HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\r\n".encode()
BODY = f"POST /logs/_search HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n".encode()
LARGE = HEAD.replace(b"/logs/_doc/1kb", b"/stream/_doc/2")
came = 0
end = time.monotonic() + seconds


async def connect(limit=64 << 10):
    global came
    came += 1
    return await asyncio.open_connection("127.0.0.1", port, limit=limit)


async def rest():
    """Asks once, then says nothing until the end."""
    reader, writer = await connect()
    writer.write(HEAD)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def drip(first: bytes, rest_of_it: bytes):
    while time.monotonic() < end:
        try:
            _, writer = await connect()
            writer.write(first)
            for at in range(len(rest_of_it)):
                writer.write(rest_of_it[at : at + 1])
                await writer.drain()
                await asyncio.sleep(0.5)
                if time.monotonic() > end:
                    return
        except OSError:
            await asyncio.sleep(0.2)


async def sip():
    while time.monotonic() < end:
        try:
            reader, writer = await connect(4 << 10)
            writer.write(LARGE)
            while time.monotonic() < end:
                if not await reader.read(4 << 10):
                    break
                await asyncio.sleep(0.5)
        except OSError:
            await asyncio.sleep(0.2)


async def main():
    kept = []
    for begin in range(0, idle, 100):
        kept += await asyncio.gather(*(rest() for _ in range(min(100, idle - begin))))
    third = slow // 3
    tasks = [drip(b"", HEAD * 9) for _ in range(third)] + [drip(BODY, b" " * 100_000) for _ in range(third)]
    tasks += [sip() for _ in range(slow - 2 * third)]
    tasks = [asyncio.create_task(task) for task in tasks]
    await asyncio.sleep(3)
    print("ready", flush=True)
    await asyncio.sleep(max(0, end - time.monotonic()))
    for task in tasks:
        task.cancel()
    print(came, flush=True)


asyncio.run(main())

"""`at_once.py PORT COUNT PATH AUTHORIZATION`: COUNT connections ask at the same moment, and read as fast as they can.

Prints how many bytes came; fails where a reply is no success or not whole."""

import asyncio
import sys

port, count, path, authorization = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
REQUEST = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n".encode()


async def ask(reader, writer) -> int:
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        sys.exit(f"not answered: {head[:300]!r}")
    came, last = 0, b""
    while piece := await reader.read(1 << 20):
        came, last = came + len(piece), piece
    writer.close()
    # Chunked or not, a reply is a document that is closed.
    if not last.rstrip(b"0\r\n").endswith(b"}"):
        sys.exit("a reply was cut off")
    return came


async def main():
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    print(sum(await asyncio.gather(*(ask(*connection) for connection in connections))))


asyncio.run(asyncio.wait_for(main(), 120))

"""`slow_readers.py PORT COUNT PATH SECONDS AUTHORIZATION`: asks COUNT times at once, and reads a little at a time."""

import socket
import sys
import time

port, count, path, seconds, authorization = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), sys.argv[5]
readers = []
for _ in range(count):
    reader = socket.socket()
    # A small window, as that of a client who is far away and slow.
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    reader.connect(("127.0.0.1", port))
    reader.settimeout(10)
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\r\n".encode())
    readers.append(reader)
head = readers[0].recv(1024)
if b" 200 " not in head.split(b"\r\n", 1)[0]:
    sys.exit(f"not answered: {head[:200]!r}")
end, read = time.monotonic() + seconds, 0
while time.monotonic() < end:
    begun = time.monotonic()
    for reader in readers:
        piece = reader.recv(64 << 10)
        if not piece:
            sys.exit("a reader was cut off")
        read += len(piece)
    time.sleep(max(0, begun + 0.1 - time.monotonic()))
print(read)

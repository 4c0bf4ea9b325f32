"""The contenders: how each is started in front of an upstream, on the core of those who are measured."""

from __future__ import annotations

import os
from pathlib import Path

from .install import MISSING
from .places import BIN, MLGATE, PEERS, WORK
from .process import OTHER_CORE, PROXY_CORE, Process, free_port

NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000000; keepalive_timeout 300; tcp_nodelay on; sendfile on;
  client_body_buffer_size 256k; client_max_body_size 0;
  {http}
}}
"""

PROXY = """upstream cluster {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://cluster; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffers 16 16k; proxy_buffer_size 16k; proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0;
      proxy_read_timeout 300;
    }}
  }}"""

HAPROXY = """global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  default_backend cluster
backend cluster
  server node 127.0.0.1:{upstream} pool-max-conn 256
"""


def nginx_with(name: str, http: str, port: int, core: int) -> Process:
    folder = WORK / "nginx" / name.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, http=http))
    return Process(name, ["/usr/sbin/nginx", "-e", folder / "error.log", "-c", config], core, port)


def nginx(upstream: int, name: str = "nginx") -> Process:
    port = free_port()
    return nginx_with(name, PROXY.format(upstream=upstream, port=port), port, PROXY_CORE)


def haproxy(upstream: int) -> Process:
    port, config = free_port(), WORK / "haproxy.cfg"
    config.write_text(HAPROXY.format(upstream=upstream, port=port))
    return Process("haproxy", ["haproxy", "-db", "-f", config], PROXY_CORE, port)


def _go(name: str, program: str, upstream: int, *flags: str) -> Process:
    port = free_port()
    command = [BIN / program, "-listen", f"127.0.0.1:{port}", "-upstream", f"http://127.0.0.1:{upstream}", *flags]
    return Process(name, command, PROXY_CORE, port)


def go(upstream: int) -> Process:
    return _go("go", "proxy", upstream)


def go_shim(upstream: int) -> Process:
    return _go("go shim", "proxy", upstream, "-shim")


def replay(upstream: int) -> Process:
    return _go("replay", "replay", upstream)


def fastapi(upstream: int) -> Process:
    port = free_port()
    command = [WORK / "venv" / "bin" / "python", "-m", "uvicorn", "fastapi_shim:app", "--port", port, "--no-access-log"]
    env = {"UPSTREAM": f"http://127.0.0.1:{upstream}", "PYTHONPATH": str(PEERS)}
    return Process("fastapi", [*command, "--log-level", "warning"], PROXY_CORE, port, env)


def mlgate(upstream: int | None = None, name: str = "mlgate", core: int | None = PROXY_CORE, **settings) -> Process:
    """mlgate with the settings it has by default, except that it writes no line a request, as no other contender does."""
    port, file = free_port(), WORK / f"{name}.toml"
    settings.setdefault("log_level", "warn")
    if upstream:
        settings.setdefault("upstream", f"http://127.0.0.1:{upstream}")
        settings.setdefault("authority", "elasticsearch")
    lines = [f"listen = '127.0.0.1:{port}'"]
    for key, value in settings.items():
        shown = str(value).lower() if isinstance(value, bool | int) else f"'{value}'"
        lines.append(f"{key} = {shown}")
    file.write_text("\n".join(lines) + "\n")
    program = Path(os.environ.get("BENCH_MLGATE", MLGATE))
    return Process(name, [program, "--config", file, "serve"], core, port)


# What passes requests on, by name; the second nginx is the control.
PASSING = {
    "nginx": nginx,
    "nginx again": lambda upstream: nginx(upstream, "nginx again"),
    "haproxy": haproxy,
    "go": go,
    "mlgate": mlgate,
}

# What answers Get Buckets.
ANSWERING = {"mlgate": mlgate, "go shim": go_shim, "fastapi": fastapi}

NEEDS = {"haproxy": "haproxy", "go": "go", "go shim": "go", "replay": "go"}


def available(contenders: dict) -> dict:
    return {name: start for name, start in contenders.items() if NEEDS.get(name) not in MISSING}


def stub(folder: Path, question_delay: str = "0") -> Process:
    """The Go stub: counts, delays and streams."""
    port = free_port()
    command = [BIN / "stub", "-listen", f"127.0.0.1:{port}", "-folder", folder, "-question-delay", question_delay]
    return Process("stub", command, OTHER_CORE, port)

"""Servers to measure, each configured for one core as its manual recommends, with access logs off. Each listens on a
loopback port, has the same two origins as backends and keeps its files in `directory`."""

import pathlib

from measure import Server, free_port

NGINX = """
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.error.log crit;
worker_rlimit_nofile 65536;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  sendfile off;  # for bodies this small, reading is cheaper than the calls that sendfile takes
  keepalive_requests 1000000000;
  open_file_cache max=20000 inactive=300s;
  client_body_temp_path {directory}/nginx.body;
  proxy_temp_path {directory}/nginx.temp;
  fastcgi_temp_path {directory}/nginx.fcgi;
  uwsgi_temp_path {directory}/nginx.uwsgi;
  scgi_temp_path {directory}/nginx.scgi;
  proxy_cache_path {directory}/nginx.cache levels=1:2 keys_zone=bench:64m max_size=1g inactive=1h use_temp_path=off;
  upstream origins {{
    least_conn;
    {servers}
    keepalive 128;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location /cached {{ proxy_pass http://origins; proxy_cache bench; }}
    location / {{ proxy_pass http://origins; proxy_request_buffering off; }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
cache bench
  total-max-size 512
  max-object-size 65536
  max-age 3600
frontend clients
  bind 127.0.0.1:{port} backlog 4096
  acl cached path_beg /cached
  http-request cache-use bench if cached
  http-response cache-store bench
  default_backend origins
backend origins
  balance leastconn
  http-reuse always
  {servers}
"""

VARNISH = """
vcl 4.1;
import directors;
{backends}
sub vcl_init {{ new origins = directors.round_robin(); {members} }}
sub vcl_recv {{
  set req.backend_hint = origins.backend();
  if (req.url !~ "^/cached") {{ return (pass); }}
}}
"""


def floor(binaries, directory, body_size):
    port = free_port()
    return Server("floor", [binaries / "epoll_floor", port, body_size], port, directory)


def relay(binaries, directory, origins):
    port = free_port()
    return Server("byte relay", [binaries / "byte_relay", port, *(o.port for o in origins)], port, directory)


def roost(binaries, directory, origins):
    port = free_port()
    command = [binaries / "roost-proxy", "--listen", f"127.0.0.1:{port}", "--admin", "off", "--access-log", "off",
               "--threads", 1, "--cache-size", "512MiB"]
    for origin in origins:
        command += ["--upstream", f"127.0.0.1:{origin.port}"]
    return Server("Roost", command, port, directory)


def nginx(directory, origins):
    port = free_port()
    servers = "\n    ".join(f"server 127.0.0.1:{origin.port};" for origin in origins)
    config = write(directory, "nginx.conf", NGINX.format(directory=directory, port=port, servers=servers))
    return Server("nginx", ["nginx", "-p", directory, "-e", f"{directory}/nginx.error.log", "-c", config], port,
                  directory)


def haproxy(directory, origins):
    port = free_port()
    servers = "\n  ".join(f"server o{i} 127.0.0.1:{origin.port}" for i, origin in enumerate(origins))
    config = write(directory, "haproxy.cfg", HAPROXY.format(port=port, servers=servers))
    return Server("HAProxy", ["haproxy", "-db", "-f", config], port, directory)


def varnish(directory, origins):
    port = free_port()
    backends = "\n".join(f'backend o{i} {{ .host = "127.0.0.1"; .port = "{origin.port}"; }}'
                         for i, origin in enumerate(origins))
    members = " ".join(f"origins.add_backend(o{i});" for i in range(len(origins)))
    config = write(directory, "varnish.vcl", VARNISH.format(backends=backends, members=members))
    command = ["varnishd", "-F", "-j", "none", "-n", f"{directory}/varnish", "-a", f"127.0.0.1:{port}", "-f", config,
               "-s", "malloc,512m", "-p", "thread_pools=1", "-p", "thread_pool_min=100", "-p", "thread_pool_max=500",
               "-t", "3600"]
    return Server("Varnish", command, port, directory)


def write(directory, name, text):
    path = pathlib.Path(directory) / name
    path.write_text(text)
    return path


PEERS = {"nginx": (nginx, "nginx"), "HAProxy": (haproxy, "haproxy"), "Varnish": (varnish, "varnishd")}

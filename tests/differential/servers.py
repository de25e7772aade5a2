"""Web servers of Debian that say how they read a request. `start(folder)` runs them all and returns them by name."""

import pathlib

HERE = pathlib.Path(__file__).resolve().parent

NGINX = """
worker_processes 1; daemon off; error_log {folder}/nginx.log; pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/nb; proxy_temp_path {folder}/np; fastcgi_temp_path {folder}/nf;
  uwsgi_temp_path {folder}/nu; scgi_temp_path {folder}/ns; keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port}; location / {{
      scgi_pass 127.0.0.1:{scgi}; scgi_param REQUEST_METHOD $request_method; scgi_param REQUEST_URI $request_uri;
      scgi_param CONTENT_LENGTH $content_length; scgi_param SCGI 1;
    }}
  }}
}}
"""
APACHE = """
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
ServerName localhost
Listen 127.0.0.1:{port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_scgi_module /usr/lib/apache2/modules/mod_proxy_scgi.so
DefaultRuntimeDir {folder}
StartServers 1
ThreadsPerChild 16
MaxKeepAliveRequests 0
AllowEncodedSlashes NoDecode
ProxyPass / scgi://127.0.0.1:{scgi}/ nocanon
"""
LIGHTTPD = """
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{folder}/lighttpd.log"
server.max-keep-alive-requests = 1000
server.http-parseopts = ("url-normalize" => "disable", "host-normalize" => "disable", "host-strict" => "disable")
scgi.server = ("/" => (("host" => "127.0.0.1", "port" => {scgi}, "check-local" => "disable")))
server.modules += ("mod_scgi")
"""
HAPROXY = """
defaults
  mode http
  option http-buffer-request
  timeout client 10s
  timeout server 10s
  timeout connect 10s
  timeout http-request 10s
frontend f
  bind 127.0.0.1:{port}
  http-request set-var-fmt(txn.body) "%[req.hdr(host)]|%[req.body]"
  http-request return status 200 content-type text/plain lf-string "%[method]|%[capture.req.uri]|%[var(txn.body)]"
"""
CADDY = """
{{
  admin off
  auto_https off
}}
:{port} {{
  bind 127.0.0.1
  respond "{{http.request.method}}|{{http.request.orig_uri}}|{{http.request.hostport}}|{{http.request.body}}"
}}
"""


def write(folder, name, text, **values):
    path = pathlib.Path(folder) / name
    path.write_text(text.format(folder=folder, **values))
    return path


def commands(folder, ports):
    """{name: command}; `ports` gives each its port, "scgi" that of what answers for three of them."""
    scgi = ports["scgi"]

    def config(name, text):
        return write(folder, f"{name}.conf", text, port=ports[name], scgi=scgi)

    python = "/usr/bin/python3"  # the one that Debian's packages are for
    return {
        "scgi": [python, HERE / "scgi_echo.py", scgi],
        "nginx": ["/usr/sbin/nginx", "-e", f"{folder}/nginx.log", "-c", config("nginx", NGINX)],
        "apache": ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", config("apache", APACHE)],
        "lighttpd": ["/usr/sbin/lighttpd", "-D", "-f", config("lighttpd", LIGHTTPD)],
        "haproxy": ["/usr/sbin/haproxy", "-db", "-f", config("haproxy", HAPROXY)],
        "caddy": ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", config("caddy", CADDY)],
        "node": ["node", HERE / "echo.js", ports["node"]],
        "gunicorn": [
            "gunicorn",
            "--chdir",
            HERE,
            "-b",
            f"127.0.0.1:{ports['gunicorn']}",
            "--threads",
            "4",
            "--keep-alive",
            "30",
            "echo_apps:wsgi",
        ],
        "tornado": [python, HERE / "echo_apps.py", "tornado", ports["tornado"]],
        "aiohttp": [python, HERE / "echo_apps.py", "aiohttp", ports["aiohttp"]],
        "uvicorn": [python, HERE / "echo_apps.py", "uvicorn", ports["uvicorn"]],
    }


NAMES = ["scgi", "nginx", "apache", "lighttpd", "haproxy", "caddy", "node", "gunicorn", "tornado", "aiohttp", "uvicorn"]

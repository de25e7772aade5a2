"""Shared by deploy/up, deploy/down and deploy/status: the state of a running stack, checks of its processes, and output
to the terminal. Standard library only."""

import fcntl
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sys
import time


class Style:
    """Colours, on a terminal only."""

    def __init__(self, stream):
        on = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")
        self.bold, self.dim, self.red, self.green, self.yellow, self.blue, self.plain = (
            ("\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[36m", "\033[0m") if on else ("",) * 7)


STYLE = Style(sys.stdout)


def good(what, detail=""):
    print(f"  {STYLE.green}✓{STYLE.plain} {what:<16} {STYLE.dim}{detail}{STYLE.plain}", flush=True)


def warn(text):
    print(f"  {STYLE.yellow}!{STYLE.plain} {text}", flush=True)


def bad(text):
    print(f"  {STYLE.red}✗{STYLE.plain} {STYLE.bold}{text}{STYLE.plain}", file=sys.stderr, flush=True)


class State:
    """The directory DATA/run: a lock that the supervisor holds, and stack.json, the processes it started."""

    def __init__(self, data):
        self.data = pathlib.Path(data).resolve()
        self.folder = self.data / "run"
        self.file = self.folder / "stack.json"
        self.lock = None

    def create(self):
        self.folder.mkdir(parents=True, exist_ok=True)

    def take(self):
        """Becomes the supervisor of this data directory; False if there is one."""
        self.create()
        self.lock = open(self.folder / "lock", "a+", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self.lock.seek(0)
        self.lock.truncate()
        self.lock.write(str(os.getpid()))
        self.lock.flush()
        return True

    def supervisor(self):
        """The pid of the running supervisor, or None."""
        try:
            with open(self.folder / "lock", "r", encoding="utf-8") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    return None
                except OSError:
                    return int(lock.read() or 0) or None
        except OSError:
            return None

    def write(self, stack):
        text = json.dumps(stack, indent=1)
        part = self.file.with_suffix(".part")
        part.write_text(text + "\n")
        part.replace(self.file)

    def read(self):
        try:
            return json.loads(self.file.read_text())
        except (OSError, ValueError):
            return None


def ready_path(name):
    """What a process of the stack answers with 200 when it is ready. Workers tell their readiness only to those who ask
    them directly; the proxy is ready when it gets a page from one of them."""
    return "/" if name == "proxy" else "/readyz"


def answers(address, path, timeout_s=1):
    """True if a GET is answered 200."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def why_not_ready(address, path, timeout_s=1):
    """What a process that is not ready says of itself."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return json.loads(answer.read())["detail"]
    except (OSError, http.client.HTTPException):
        return "It does not answer."
    except (ValueError, KeyError, TypeError):
        return f"It answers {answer.status}."
    finally:
        connection.close()


def resident_mib(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
    except (OSError, AttributeError):
        return 0


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def port_is_free(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen(1)
            return True
        except OSError:
            return False


def port_holder(port):
    """The process that listens on a TCP port, as "name (pid N)", if this user may see it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{words[9]}]")
        except OSError:
            pass
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) in inodes:
                return f"{(link.parents[1] / 'comm').read_text().strip()} (pid {link.parts[2]})"
        except OSError:
            pass
    return "a process of another user" if inodes else "another process"


def shown_path(path):
    """The path relative to the current directory, if that is shorter."""
    here = os.path.relpath(path)
    return here if len(here) < len(str(path)) else str(path)


def show_urls(stack):
    base = f"http://{reachable(stack['address'])}"
    rows = [("Timeline", f"{base}/"), ("API", f"{base}/api/tweets"), ("Logs", f"{base}/logs")]
    if stack["admin"]:
        rows.append(("Proxy status", f"http://{stack['admin']}/status"))
    rows.append(("Data", shown_path(stack["data"])))
    if stack.get("demo"):
        rows.append(("Log in as", "demo, with the password roost-demo"))
    print()
    for name, value in rows:
        print(f"    {name:<14} {STYLE.blue if value.startswith('http') else ''}{value}{STYLE.plain}")
    print(flush=True)


def reachable(address):
    """An address that a browser on this machine can open."""
    return re.sub(r"^(0\.0\.0\.0|\[::\]):", "127.0.0.1:", address)


def status(data):
    """Prints every process of the stack; 0 if all are up, 3 if nothing runs, 1 otherwise."""
    state = State(data)
    stack, supervisor = state.read(), state.supervisor()
    if supervisor is None or stack is None:
        print(f"  Nothing runs on {shown_path(state.data)}. deploy/up starts it.")
        return 3
    print(f"\n  {STYLE.bold}{'process':<10} {'state':<10} {'address':<22} {'pid':>8} {'memory':>10} {'restarts':>9}"
          f"{STYLE.plain}")
    all_up = True
    for process in stack["processes"]:
        pid = process["pid"]
        running = pid is not None and alive(pid)
        up = running and answers(reachable(process["address"]), ready_path(process["name"]))
        all_up &= up
        colour, word = (STYLE.green, "up") if up else (STYLE.yellow, "not ready") if running else (STYLE.red, "down")
        memory = f"{resident_mib(pid):.1f} MiB" if running else "–"
        print(f"  {process['name']:<10} {colour}{word:<10}{STYLE.plain} {process['address']:<22} "
              f"{pid if running else '–':>8} {memory:>10} {process['restarts']:>9}")
    show_urls(stack)
    return 0 if all_up else 1


def down(data, limit_s=45):
    """Stops the supervisor, which stops everything else; 0 also if nothing runs."""
    state = State(data)
    pid = state.supervisor()
    if pid is None:
        print(f"  Nothing runs on {shown_path(state.data)}.")
        return 0
    start = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while state.supervisor() == pid:
        if time.monotonic() - start > limit_s:
            bad(f"the supervisor (pid {pid}) has not ended within {limit_s} s")
            return 1
        time.sleep(0.02)
    good("stopped", f"in {time.monotonic() - start:.1f} s; the data stays in {shown_path(state.data)}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # deploy/status | head
    command, folder = sys.argv[1:3]
    sys.exit({"status": status, "down": down}[command](folder))

#!/usr/bin/env python3
"""What the Debian packages ship beside the programs, made from what the programs and deploy/roost.toml say themselves:

    generate.py PROGRAM… OUTPUT    manual pages and bash completion of each program, from its --help;
                                   roost.toml with Debian's places, and its manual page

The manual pages are checked by tests/packages/test_generated.py: no flag and no key may be missing."""

import pathlib
import re
import subprocess
import sys

CONFIG = pathlib.Path(__file__).resolve().parents[1] / "roost.toml"
# What the file says for a clone, and what a package says.
PLACES = [
    ('#data = "data"', 'data = "/var/lib/roost"'),
    ('#access_log = "off"', 'access_log = "/var/log/roost/access.log"'),
    ('#directory = ""', 'directory = "/var/log/roost"'),
    ('#proxies = []', 'proxies = ["127.0.0.1:8081"]'),
    ('#listen = ["127.0.0.1:8080"]', '#listen = ["127.0.0.1:8080"]\n'
     '#\n# As roost-proxy.service it gets the addresses of roost-proxy.socket, unless listeners are set here.'),
    ("With deploy/up the workers have 127.0.0.1:9001 and the ports that follow.",
     "Those of roost-api@PORT.service have 127.0.0.1:PORT."),
    ("Prefer the variable ROOST_ADMIN_TOKEN to this file.",
     "Prefer\n# ROOST_ADMIN_TOKEN in /etc/default/roost-proxy and /etc/default/roost-api to this file."),
    ("--config deploy/roost.toml\n#     roost-api", "--config /etc/roost/roost.toml\n#     roost-api"),
    ("--print-config --config deploy/roost.toml", "--print-config --config /etc/roost/roost.toml"),
]
ABOUT = {
    "roost-proxy": ("caching reverse proxy and load balancer", """
roost-proxy balances HTTP/1.1 requests over backends and caches their answers in memory. It speaks no TLS.
As roost-proxy.service it reads /etc/roost/roost.toml and takes its addresses from roost-proxy.socket.""", """
.TP
TERM, INT, QUIT
Graceful shutdown: requests in progress have drain_timeout. The same again ends it at once.
.TP
USR1, HUP
Reopens the access log.""", """
.TP
.I /etc/roost/roost.toml
Configuration, see roost.toml(5).
.TP
.I /etc/default/roost-proxy
Environment of the service, for secrets.
.TP
.I /var/log/roost/access.log
Access log, a JSON object a line.""", "roost-api"),
    "roost-api": ("worker of Roost's HTTP API", """
roost-api serves accounts, tweets, follows, search, likes and web pages, on SQLite or PostgreSQL. Workers of one
host share their data directory and database. As roost-api@PORT.service it listens on 127.0.0.1:PORT and reads
/etc/roost/roost.toml; roost-api.target is all of these services.""", """
.TP
TERM, INT, QUIT
Graceful shutdown: /readyz answers 503, requests in progress and pending likes have drain_timeout. The same again
ends it at once; likes that are not in the database by then are in the journal, and other workers apply them.
.TP
USR1, HUP
Reopens the request log.""", """
.TP
.I /etc/roost/roost.toml
Configuration, see roost.toml(5).
.TP
.I /etc/default/roost-api
Environment of the services, for secrets.
.TP
.I /var/lib/roost
Database, journal of likes, and the key that signs access tokens. They belong together in a backup.
.TP
.I /var/log/roost
Request logs of the workers, which /logs shows.""", "roost-proxy"),
}


def output_of(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def options_of(help_text):
    """(["-h", "--help"], "FILE" or "", text) of each flag in the text of --help."""
    options = []
    for line in help_text.partition("Options:\n")[2].splitlines():
        if found := re.match(r"  (-\S+)(?: (\S+?))?(?: \.\.\.)?  +(\S.*)$", line):
            options.append((found[1].split(","), found[2] or "", found[3]))
        elif line.startswith("   ") and options:  # the text goes on
            flags, value, text = options[-1]
            options[-1] = (flags, value, f"{text} {line.strip()}")
        elif not line:
            break
    return options


def roff(text):
    """Text as roff shows it."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in text)
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def program_page(name, version, help_text):
    what, about, signals, files, other = ABOUT[name]
    usage = [line.strip() for line in help_text.splitlines() if line.startswith(f"  {name} ")]
    lines = [f'.TH {name.upper()} 8 "" "Roost {version}" "System administration"', ".SH NAME",
             f"{name} \\- {roff(what)}", ".SH SYNOPSIS", ".nf", *map(roff, usage), ".fi", ".SH DESCRIPTION",
             roff(about.strip()), ".SH OPTIONS"]
    for flags, value, text in options_of(help_text):
        names = ", ".join(f"\\fB{roff(flag)}\\fR" for flag in flags)
        lines += [".TP", names + (f" \\fI{roff(value)}\\fR" if value else ""), roff(text)]
    lines += [".SH ENVIRONMENT", ".TP", ".BI ROOST_ TABLE _ KEY",
              "Overrides a key of the configuration, as in ROOST_CACHE_SIZE=128MiB.", ".TP",
              ".BI ROOST_ TABLE _ KEY _FILE", "Names a file that holds it, for keys that are secrets.",
              ".SH SIGNALS", signals.strip(), ".SH EXIT STATUS",
              roff(help_text.strip().splitlines()[-1].removeprefix("Exit codes: ")) + ".", ".SH FILES", files.strip(),
              ".SH SEE ALSO", f".BR {other} (8),", ".BR roost.toml (5)"]
    return "\n".join(lines) + "\n"


def blocks_of(config_text):
    """Runs of lines without an empty one in between."""
    return [block.split("\n") for block in re.split(r"\n{2,}", config_text.strip())]


def is_key(line):
    return re.match(r"#?[a-z_]+ = ", line) is not None


def config_block(lines):
    """roff of one block of the file: a table's name, text, and keys with their defaults."""
    out = []
    if lines[0].startswith("# ----"):
        out.append(f".SH {lines[0].strip('# -').upper()}")
    out += [f".SS {roff(line)}" for line in lines if line.startswith("[")]
    prose = [line.removeprefix("#").removeprefix(" ") for line in lines if line.startswith("#") and not is_key(line)
             and not line.startswith("# ----")]
    keys = [line.removeprefix("#") for line in lines if is_key(line)]
    example = any(line.startswith(("    ", "[[")) for line in prose)
    text = [".nf", *map(roff, prose), ".fi"] if example else [roff(line) for line in prose]
    if keys:
        for i, key in enumerate(keys):
            out += [".TP" if i == 0 else ".TQ", f".B {roff(key)}"]
    elif text:
        out.append(".PP")
    return out + text


def config_page(version, config_text):
    lines = [f'.TH ROOST.TOML 5 "" "Roost {version}" "File formats"', ".SH NAME",
             "roost.toml \\- configuration of roost\\-proxy and roost\\-api", ".SH DESCRIPTION"]
    for block in blocks_of(config_text):
        lines += config_block(block)
    lines += [".SH SEE ALSO", ".BR roost-proxy (8),", ".BR roost-api (8)"]
    return "\n".join(lines) + "\n"


def completion(name, help_text):
    options = options_of(help_text)
    flags = " ".join(flag for names, _, _ in options for flag in names)
    files = "|".join(flag for names, value, _ in options for flag in names if value.startswith(("FILE", "PATH", "DIR")))
    others = "|".join(flag for names, value, _ in options for flag in names
                      if value and not value.startswith(("FILE", "PATH", "DIR")))
    function = "_" + name.replace("-", "_")
    return f"""# bash completion of {name}
{function}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}}
  case ${{COMP_WORDS[COMP_CWORD - 1]}} in
    {files}) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    {others}) COMPREPLY=() ;;
    *) mapfile -t COMPREPLY < <(compgen -W "{flags}" -- "$word") ;;
  esac
}}
complete -o filenames -F {function} {name}
"""


def packaged_config():
    text = CONFIG.read_text()
    for clone, package in PLACES:
        if text.count(clone) != 1:
            sys.exit(f"generate.py: {CONFIG} has {text.count(clone)} times: {clone}")
        text = text.replace(clone, package)
    return text


def main():
    *programs, output = map(pathlib.Path, sys.argv[1:])
    output.mkdir(parents=True, exist_ok=True)
    version = output_of(programs[0], "--version").split()[1]
    for program in programs:
        help_text = output_of(program, "--help")
        (output / f"{program.name}.8").write_text(program_page(program.name, version, help_text))
        (output / f"{program.name}.bash").write_text(completion(program.name, help_text))
    config_text = packaged_config()
    (output / "roost.toml").write_text(config_text)
    (output / "roost.toml.5").write_text(config_page(version, config_text))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""One provider's visit from the request to the end, on real sshd, PAM, sudo and ssh.

usage: gate_story.py POSTERN

Request, self-approval refused, approval by another, login with key and code, recorded and listed, a command outside the list refused with whom to
ask, the grant ends and the session with it, the next login denied with a reason, explain agrees, the audit log verifies, and `postern scan` on the
very log of that sshd finds the denied attempts and says whose they are.
"""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "gate"))
import lab as L
import world as W

failures = []


def check(what, holds, told=""):
    print(f"{'ok    ' if holds else 'FAILED'} {what}" + ("" if holds else f": {str(told)[:1500]}"))
    if not holds:
        failures.append(what)
    return holds


def approval(gate):
    """The request and who may approve it."""
    gate.found(["hafenlicht"])
    for name in ("jansen", "petrov"):
        gate.person(name, "hafenlicht")
        gate.enroll(name)
    grant = gate.grant("jansen", may="shell", until=time.time() + 3600, approve=False)
    p = gate.run("grant", "approve", grant, who=L.ADMIN)
    check("who asked may not approve", p.returncode != 0, p.stdout + p.stderr)
    p = L.sh("/usr/sbin/runuser", "-u", "deploy", "--", "/usr/bin/postern", "grant", "approve", grant)
    check("a provider's account may not approve", p.returncode != 0, p.stdout + p.stderr)
    return grant


def visit(lab, gate, grant):
    p = lab.ssh("deploy", "jansen", code=gate.code("jansen"))
    check("not approved: no login", p.returncode == 255, p.stderr)
    p = gate.run("grant", "approve", grant, who=L.SECOND)
    check("another one approves", p.returncode == 0, p.stderr)
    p = lab.ssh("deploy", "jansen", code="000000")
    check("a wrong code: no login", p.returncode == 255, p.stderr)
    p = lab.ssh("deploy", "jansen", "echo in as $(id -un); sudo -n id -u", code=gate.code("jansen"))
    check("key and code: in", "in as deploy" in p.stdout, p.stderr)
    check("sudo as far as sudoers says", p.stdout.endswith("0\n"), p.stdout + p.stderr)
    s = lab.session("deploy", "jansen", None, code=gate.code("jansen"), tty=True)
    s.stdin.write(b"echo recorded-$((40+2)); echo $$ >/tmp/shell.pid; (trap '' HUP TERM; exec setsid sleep 900) & \n")
    s.stdin.flush()
    check("a shell with a terminal", L.wait_for(lambda: L.read("/tmp/shell.pid").strip(), 20), lab.said(0)[-1500:])
    return s


def recordings(gate, s, grant):
    p = gate.run("session", "list", "--format", "json")
    check("the session is listed", p.returncode == 0 and "jansen" in p.stdout and grant in p.stdout, p.stdout + p.stderr)
    return p.stdout


def end(lab, gate, s, grant):
    """Revoked: from the command's end until no process of the account is left."""
    uid = 6101 + L.PEOPLE.index("deploy")
    check("processes of the account run", len(L.of_user(uid)) >= 3, L.of_user(uid))
    began = time.monotonic()
    gate.revoke(grant)
    returned = time.monotonic()
    gone = L.wait_for(lambda: not L.of_user(uid), 10, 0.005)
    print(f"       revoke took {(returned - began) * 1000:.0f} ms; the last process of the session ended {(time.monotonic() - returned) * 1000:.0f} ms after it")
    check("revoked: every process of the session is gone", gone, L.of_user(uid))
    check("revoked: the client is cut off", L.wait_for(lambda: s.poll() is not None, 5))
    p = lab.ssh("deploy", "jansen", code=gate.code("jansen"))
    check("the next login is denied", p.returncode == 255, p.stdout)
    check("the audit log says why", "the grant was revoked" in L.read(f"{W.STATE}/audit.log").splitlines()[-1], L.read(f"{W.STATE}/audit.log")[-800:])
    print("       the client heard: " + " / ".join(x for x in p.stderr.strip().splitlines() if "known hosts" not in x))
    return s.stdout.read().decode("utf-8", "replace")


def by_itself(lab, gate):
    """A grant that runs out while somebody is in."""
    uid = 6101 + L.PEOPLE.index("deploy")
    until = int(time.time()) + 18
    grant = gate.grant("jansen", commands=["/usr/bin/id *", "/usr/bin/sleep 60"], until=until)
    p = lab.ssh("deploy", "jansen", "/usr/bin/id deploy", code=gate.code("jansen"))
    check("list: a listed command runs", "uid=" in p.stdout, p.stderr)
    p = lab.ssh("deploy", "jansen", "cat /etc/hosts", code=gate.code("jansen"))
    check("list: another is refused, and it says whom to ask", p.returncode != 0 and "srv01" not in p.stdout and "ask" in (p.stderr + p.stdout).lower(), p.stderr + p.stdout)
    s = lab.session("deploy", "jansen", "/usr/bin/sleep 60", code=gate.code("jansen"))
    check("list: a session stays", L.wait_for(lambda: L.of_user(uid), 12), p.stderr)
    L.wait_for(lambda: time.time() >= until, 20)
    began = time.monotonic()
    gone = L.wait_for(lambda: not L.of_user(uid), 10, 0.005)
    print(f"       the grant ended by itself; the last process {(time.monotonic() - began) * 1000:.0f} ms later")
    check("ended by itself: every process is gone", gone, L.of_user(uid))
    lab.stop(s)
    p = lab.ssh("deploy", "jansen", "/usr/bin/id deploy", code=gate.code("jansen"))
    check("ended by itself: the next login is denied", p.returncode == 255, p.stderr)
    return grant


def evidence(lab, gate, heard):
    p = gate.run("session", "list", "--format", "json")
    check("recordings stay listed", p.returncode == 0 and "jansen" in p.stdout, p.stderr)
    p = gate.run("session", "search", "recorded-42")
    check("what was on the terminal is found in a recording", p.returncode == 0 and p.stdout.strip() and "recorded-42" in heard, p.stdout + p.stderr)
    p = gate.run("grant", "explain", "--person", "jansen", "--host", L.HOST, "--account", "deploy", "--source", L.OFFICE)
    check("explain says no, and why", p.returncode == 1 and ("ended" in p.stdout or "revoked" in p.stdout), p.stdout + p.stderr)
    p = gate.run("grant", "explain", "--person", "petrov", "--host", L.HOST, "--account", "deploy", "--source", L.OFFICE)
    check("explain of somebody without a grant", p.returncode == 1 and "no grant" in p.stdout, p.stdout + p.stderr)
    p = gate.run("log", "verify", "--state", W.STATE)
    check("the audit log verifies", p.returncode == 0, p.stdout + p.stderr)


def scan(lab):
    """postern scan over what that sshd wrote; org.yaml knows whose key it is."""
    org = {"organisation": {"name": "Institut", "networks": ["10.77.0.0/16"]}, "hosts": [{"name": L.HOST}],
           "providers": [{"id": "hafenlicht", "networks": ["10.77.0.0/24"], "persons": [
               {"name": "Pieter Jansen", "accounts": ["deploy"], "keys": [lab.fingerprint("jansen")]}]}]}
    L.write("/etc/postern/org.yaml", json.dumps(org))
    L.write(f"{lab.dir}/scan/{L.HOST}/var/log/auth.log", L.read(lab.log_path))
    p = L.sh("/usr/bin/postern", "scan", "--org", "/etc/postern/org.yaml", "--format", "json", f"{lab.dir}/scan")
    text = p.stdout
    check("scan finds the denied attempts", "postern.provider-refused" in text, text[-1500:] + p.stderr[-500:])
    check("scan says whose they are", "Pieter Jansen" in text, text[-1500:])


def main():
    L.enter()
    lab = L.Lab(sys.argv[1])
    gate = W.Gate(lab)
    grant = approval(gate)
    why = gate.configure()
    check("sshd takes the configuration", not why, why)
    check("the service starts", gate.serve(), L.read(f"{lab.dir}/log/serve.out"))
    p = lab.ssh(L.ADMIN, "chef", "sudo -n id -u")
    check("the administrator is not touched", p.stdout == "0\n", p.stderr)
    s = visit(lab, gate, grant)
    recordings(gate, s, grant)
    heard = end(lab, gate, s, grant)
    by_itself(lab, gate)
    evidence(lab, gate, heard)
    scan(lab)
    gate.end()
    lab.close()
    print(f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


main()

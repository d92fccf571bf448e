#!/usr/bin/env python3
"""postern watch and the gate: the incident of the practice logs suspends its provider, and an emergency grant is told.

usage: gate_watch.py POSTERN
"""
import json, os, pathlib, shutil, sqlite3, subprocess, sys, tempfile, time

POSTERN = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / 'samples' / 'practice-incident'
SECONDS = 120
failures = []


def check(what, holds, told=''):
    if not holds:
        failures.append(what)
        print(f'gate_watch: {what}: FAILED {str(told)[:1500]}')


def wait_for(fn):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if fn():
            return True
        time.sleep(0.2)
    return False


def main():
    login = pathlib.Path('/proc/self/loginuid')
    if os.geteuid() != 0 or (login.exists() and int(login.read_text()) not in (0, 0xffffffff)):
        print('gate_watch: needs root without a login of its own')
        sys.exit(77)
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        folder.chmod(0o755)
        conf, state, logs, told = folder / 'conf', folder / 'state', folder / 'logs', folder / 'told'
        conf.mkdir()
        state.mkdir()
        state.chmod(0o1770)
        shutil.copytree(SAMPLE, logs)
        shutil.move(logs / 'org.yaml', conf / 'org.yaml')
        hook = folder / 'hook'
        hook.write_text(f'#!/bin/sh\ncat >> {told}\necho >> {told}\n')
        hook.chmod(0o755)
        (conf / 'postern.yaml').write_text(f'''sources: {{files: [{logs}]}}
user: nobody
org: {conf}/org.yaml
learning_days: 0
notify:
  channels:
    - {{name: duty, command: [{hook}]}}
respond:
  dry_run: false
  rules:
    - {{level: high, do: [suspend-provider]}}
gate: {{emergency: bob}}
''')
        env = {**os.environ, 'POSTERN_CONFIG': str(conf), 'POSTERN_STATE': str(state)}

        def postern(who, *argv):
            return subprocess.run([POSTERN, *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**env, 'SUDO_USER': who})

        def good(who, *argv):
            p = postern(who, *argv)
            check(f'{who} {argv}', p.returncode == 0, p.stderr)
            return p.stdout

        def allowed():
            return postern('alice', 'grant', 'explain', '--person', 'jansen', '--host', 'web1').returncode == 0

        good('alice', 'provider', 'add', 'hafenlicht')
        good('alice', 'person', 'add', 'jansen', '--provider', 'hafenlicht')
        made = good('alice', 'grant', 'request', '--person', 'jansen', '--host', 'web1', '--account', 'wartung', '--shell', '--purpose', 'x', '-f', 'json')
        good('bob', 'grant', 'approve', json.loads(made)['id'])
        check('open before', allowed())
        with open(folder / 'log', 'wb') as log:
            watch = subprocess.Popen([POSTERN, 'watch'], env=env, stdout=log, stderr=log)
        try:
            check('the incident suspends the provider', wait_for(lambda: not allowed()), (folder / 'log').read_text())
            p = postern('alice', 'grant', 'explain', '--person', 'jansen', '--host', 'web1')
            check('and explain says why', 'the provider is suspended: incident 2026' in p.stdout, p.stdout)
            good('bob', 'grant', 'emergency', '--person', 'jansen', '--host', 'web1', '--account', 'wartung', '--shell', '--purpose', 'fire in the house')
            check('an emergency grant opens nothing for who is suspended', not allowed())
            check('the emergency is told', wait_for(lambda: told.exists() and 'fire in the house' in told.read_text()), told.read_text() if told.exists() else '')
            good('bob', 'provider', 'resume', 'hafenlicht', '--reason', 'looked into')
            check('one command resumes', allowed())
        finally:
            watch.terminate()
            watch.wait()
        actors = [(r['actor'], r['action'], r['outcome']) for r in map(json.loads, (state / 'audit.log').read_text().splitlines())]
        for want in (('postern watch', 'provider-suspended', 'success'), ('postern watch', 'run-suspend-provider', 'success'), ('bob', 'grant-emergency', 'success'), ('bob', 'provider-resumed', 'success')):
            check(f'audit log has {want}', want in actors, actors)
        check('the audit log verifies', postern('alice', 'log', 'verify').returncode == 0)
        for end in ('', '-wal', '-shm', '-journal'):
            st = os.stat(f'{state}/gate.db{end}')
            check(f'gate.db{end} is root\'s alone', (st.st_uid, st.st_mode & 0o777) == (0, 0o600), st)
        with sqlite3.connect(state / 'postern.db') as db:
            check('the notice went through watch\'s outbox', db.execute("SELECT count(*) FROM outbox WHERE CAST(body AS TEXT) LIKE '%fire in the house%'").fetchone()[0] == 1)
    print(f'{len(failures)} failures' if failures else 'watch and the gate: as it should be')
    sys.exit(1 if failures else 0)


main()

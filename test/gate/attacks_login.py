"""Ways in that fail at the login: the grant, the key, the code, the name, the clock."""
import concurrent.futures
import os
import time

import lab as L
import world as W
from attacks import told


def jobs_of_grants(a):
    """People whose grant is wrong in one way each; everything else is right."""
    login = a.login
    return [
        ("grant ended by itself", lambda _: login(key="ended")),
        ("grant ended, asks for a shell", lambda _: login(key="ended", shell=True, tty=True)),
        ("grant has not begun", lambda _: login(key="early")),
        ("grant revoked", lambda _: login(key="revoked")),
        ("grant requested, never approved", lambda _: login(key="asked")),
        ("grant refused", lambda _: login(key="refused")),
        ("extension asked for, not approved, old end passed", lambda _: login(key="longer")),
        ("person suspended", lambda _: login(key="suspended")),
        ("provider suspended", lambda _: login(key="badfirm")),
        ("contract of the provider ended", lambda _: login(key="oldfirm")),
        ("outside the hours of the week", lambda _: login(key="hours")),
        ("grant for another host", lambda _: login(key="otherhost")),
        ("grant for another account", lambda _: login(account="wartung", key="jansen")),
        ("right account, its grant is somebody else's", lambda _: login(account="wartung", key="petrov")),
        ("administrator's account with a provider's key", lambda _: login(account=L.ADMIN, key="jansen")),
        ("from another network", lambda _: login(source=L.ABROAD)),
        ("from another network, asks for a shell", lambda _: login(source=L.ABROAD, shell=True, tty=True)),
        ("grant edited in the database behind its approver", lambda _: login(key="edited")),
    ]


def jobs_of_keys(a):
    login = a.login
    return [
        ("key of nobody", lambda _: login(key="mallory", person="jansen")),
        ("key of nobody, planted in ~/.ssh/authorized_keys", planted_key),
        ("key removed from its person", lambda _: login(key="keygone")),
        ("no key, the right code", lambda _: login(key=None, person="jansen")),
        ("no key, keyboard-interactive alone", lambda _: login(key=None, person="jansen", options=["-o", "PreferredAuthentications=keyboard-interactive"])),
        ("no key, password", lambda _: login(key=None, person="jansen", options=["-o", "PreferredAuthentications=password"])),
        ("key of an administrator", lambda _: login(key=L.ADMIN, person="jansen")),
        ("certificate of a CA of one's own", lambda _: login(key="cert-false", person="jansen")),
        ("certificate of a CA of one's own, key of nobody", lambda _: login(key="cert-mallory", person="jansen")),
        ("certificate for another principal", lambda _: login(key="cert-principal", person="jansen")),
        ("certificate that expired", lambda _: login(key="cert-expired", person="jansen")),
        ("certificate with another source address", lambda _: login(key="cert-source", person="jansen")),
        ("certificate whose key id imitates the rest of the line", lambda _: login(key="cert-spaces", person="jansen")),
    ]


def planted_key(a):
    uid = 6101 + L.PEOPLE.index("deploy")
    L.write("/home/deploy/.ssh/authorized_keys", a.lab.public("mallory") + "\n", 0o600, uid, uid)
    L.write("/home/deploy/.ssh/authorized_keys2", a.lab.public("mallory") + "\n", 0o600, uid, uid)
    return a.login(key="mallory", person="jansen")


def certificates(lab):
    """False ones; a copy of the private key beside each, so that ssh offers exactly this."""
    mine = ("-n", "deploy", "-V", "-1m:+1h")
    for name, ca, key, options in (
            ("cert-false", "falseca", "jansen2", ("-I", "hafenlicht/jansen", *mine)), ("cert-mallory", "falseca", "mallory", ("-I", "hafenlicht/jansen", *mine)),
            ("cert-principal", "ca", "mallory", ("-I", "hafenlicht/jansen", "-n", "kollege", "-V", "-1m:+1h")),
            ("cert-expired", "ca", "mallory", ("-I", "hafenlicht/jansen", "-n", "deploy", "-V", "-2h:-1h")),
            ("cert-source", "ca", "mallory", ("-I", "hafenlicht/jansen", "-O", "source-address=192.0.2.0/24", *mine)),
            ("cert-spaces", "falseca", "mallory", ("-I", "jansen (serial 1) CA ED25519 SHA256:x via /etc/ssh/ca.pub", *mine))):
        lab.certificate(ca, key, name, *options)


# ---- the second factor --------------------------------------------------------------------------------------------------------
def jobs_of_codes(a):
    now = time.time
    seed = a.gate.seed
    right = lambda step=0: L.totp(seed["codes"], now(), step=step)
    return [
        ("no code", lambda _: a.login(key="codes", code="")),
        ("wrong code", lambda _: a.login(key="codes", code=f"{(int(right()) + 1) % 1000000:06d}")),
        ("code of ten minutes ago", lambda _: a.login(key="codes", code=right(-20))),
        ("code of five minutes ahead", lambda _: a.login(key="codes", code=right(10))),
        ("code of another person", lambda _: a.login(key="codes", code=a.gate.code("jansen"))),
        ("right code with something behind it", lambda _: a.login(key="codes", code=right() + "0")),
        ("right code, cut short", lambda _: a.login(key="codes", code=right()[:5])),
        ("a code of 4 KB", lambda _: a.login(key="codes", code="1" * 4000)),
        ("a code of format strings and quotes", lambda _: a.login(key="codes", code="%s%n' OR 1=1 --")),
        ("not enrolled", lambda _: a.login(key="bare", code="000000")),
        ("enrolled, never confirmed", lambda _: a.login(key="unconfirmed", code=L.totp(seed["unconfirmed"]))),
        ("factor reset, the old seed's code", lambda _: a.login(key="resetted", code=L.totp(seed["resetted"]))),
    ]


def replays(a):
    """One after the other: each needs the state that the one before left."""
    a.gate.fresh("replay")
    at = time.time()
    code, before = L.totp(a.gate.seed["replay"], at), L.totp(a.gate.seed["replay"], at, step=-1)
    a.control("the code works once", *a.login(key="replay", code=code))
    a.attack("code again in its step", *a.login(key="replay", code=code))
    a.attack("code of the step before the one used", *a.login(key="replay", code=before))
    a.gate.restart()
    a.attack("code again after the service was started anew", *a.login(key="replay", code=code))
    a.gate.fresh("parallel")
    code = L.totp(a.gate.seed["parallel"])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        won = [got for got, _ in pool.map(lambda _: a.login(key="parallel", code=code), range(8))]
    a.control("one of eight logins at once with one code succeeds", sum(won) >= 1, str(won))
    a.attack("eight logins at once with one code: a second one", sum(won) > 1, f"{sum(won)} of 8")
    recovery = a.gate.recovery["recovery"]
    a.control("a recovery code works once", *a.login(key="recovery", code=recovery[0]))
    a.attack("recovery code again", *a.login(key="recovery", code=recovery[0]))
    a.attack("recovery code of another person", *a.login(key="codes", code=a.gate.recovery["jansen"][0]))
    tries = [a.login(key="flood", code=f"{i:06d}")[0] for i in range(6)]
    a.attack("six guesses in a row", any(tries), "6 denied")


# ---- names ------------------------------------------------------------------------------------------------------------------------
def jobs_of_names(a):
    names = [("%u", "a user name that is a token of sshd"), ("../../etc/passwd", "a user name that is a path"), ("deploy%00x", "a user name with %00"),
             ("deploy\nroot", "a user name with a newline"), ("d" * 10000, "a user name of 10,000 characters"), ("DEPLOY", "the account in capitals"),
             ("deploy ", "the account with a blank behind it"), ("$(touch /mnt/proof/name)", "a user name that is a command"), ("'; DROP TABLE permit; --", "a user name of SQL")]
    return [(what, lambda _, name=name: a.login(account=name, key="jansen")) for name, what in names]


# ---- the clock ----------------------------------------------------------------------------------------------------------------------
def clock_back(a):
    """The service believes another time: two hours back, when the ended grant was still good."""
    fake = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    if not os.path.exists(fake):
        print("no libfaketime: the clock is not set back")
        return
    a.gate.end()
    env = {"LD_PRELOAD": fake, "FAKETIME": "-2h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    a.gate.serve(env=env)
    a.attack("clock of the service set back two hours: the ended grant", *a.login(key="ended"))
    at = time.time() - 7200
    a.attack("clock of the service set back two hours: a good grant, a code of then", *a.login(key="jansen", code=L.totp(a.gate.seed["jansen"], at)))
    a.control("the service knew that its clock had gone back", "the clock cannot be trusted" in L.read(f"{W.STATE}/audit.log"))
    a.gate.restart()


def race(a, rounds=50):
    """A login that begins after revoke has returned never gets in; one from before is gone within a second."""
    late = linger = 0
    for i in range(rounds):
        grant = a.gate.grant("racer", may="shell", until=time.time() + 3600)
        proof = a.proof()
        a.gate.fresh("racer")
        s = a.lab.start(*a.lab.ssh_argv("deploy", "racer", f"while :; do touch {proof}; sleep 0.02; done"), env=a.lab.env(a.gate.code("racer")),
                        stdout=W.subprocess.DEVNULL, stderr=W.subprocess.DEVNULL)
        time.sleep(0.25 + 0.02 * (i % 25))                   # somewhere within the login
        a.gate.revoke(grant)
        time.sleep(1)
        if os.path.exists(proof):
            os.unlink(proof)
        time.sleep(0.15)
        linger += os.path.exists(proof)
        a.lab.stop(s)
        if i % 10 == 0:
            a.gate.fresh("racer")
            late += a.login(key="racer")[0]
    a.attack(f"login in a race with revoke, {rounds} times: alive a second later", linger > 0, f"{linger} of {rounds}")
    a.attack("login after each tenth revoke", late > 0, str(late))


__all__ = ["jobs_of_grants", "jobs_of_keys", "jobs_of_codes", "jobs_of_names", "certificates", "replays", "clock_back", "race", "told"]

"""A server without the gate, for the attacks: keys in authorized_keys, any code is good, nothing is forbidden. What is held here proves nothing there."""
import lab as L
import people as P


class Open:
    """Stands in for world.Gate."""

    def __init__(self, lab):
        self.lab, self.proc = lab, self
        self.pid = 1
        self.seed = {p: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" for p in P.PEOPLE}
        self.recovery = {p: ["aaaa-aaaa", "bbbb-bbbb"] for p in P.PEOPLE}

    def code(self, person):
        return "000000"

    def grant(self, *args, **kw):
        return "none"

    def fresh(self, *args, **kw):
        """Nothing is remembered, started or ended here."""

    revoke = restart = end = serve = fresh


def populate(lab, certificates):
    P.keys(lab)
    certificates(lab)
    L.write("/etc/pam.d/sshd", "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_loginuid.so\nsession required pam_permit.so\n")
    uid = 6101 + L.PEOPLE.index("deploy")
    L.write("/home/deploy/.ssh/authorized_keys", "".join(lab.public(p) + "\n" for p in [*P.PEOPLE, "jansen-rsa"]), 0o600, uid, uid)
    why = lab.sshd("AuthenticationMethods publickey,keyboard-interactive:pam\nKbdInteractiveAuthentication yes\nPermitUserEnvironment yes\nAcceptEnv *\n")
    if why:
        raise SystemExit(why)
    return Open(lab)

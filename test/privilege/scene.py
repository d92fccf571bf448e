"""The machines of the test: what is granted on each. Every kind of way in, and beside each the ways that look like it and are none.

gate1   logins by key: options of authorized_keys, certificates from a key's line, a live agent
web1    who may log in at all: groups, expired and locked accounts, shells, owners and modes
web2    an sshd set up otherwise: keys elsewhere, StrictModes off, Match blocks, second factors
app1    sudo rules that give a shell            app2    sudo rules that give none, or only in part
db1     a certificate authority of the host, root's login, private keys that lie about
work1   what others may write, setuid copies, capabilities, groups
old1    empty passwords, a group that su trusts
vault1  the crown jewel
"""
import scene_sudo
import scene_work
from hosts import HASH, Host, Keys, Net, OUTSIDE

KEYS = ("anna", "anna-fleet", "carl", "carl2", "carl3", "dora", "emil", "fred", "gina", "hugo", "provider", "deploy", "root-web", "modes", "ops", "app", "dba", "backup",
        "vault", "left", "service", "reader", "lost", "nightly", "oldcert", "wrongcert", "netcert", "goodcert", "revoked", "ivan")


def keys():
    k = Keys()
    for name in KEYS:
        k.make(name)
    k.make("bert", passphrase="nobody knows")
    k.make("agent", passphrase="nobody knows")
    for ca in ("ca-users", "ca-hugo", "ca-lost"):
        k.make(ca)
    k.sign("ca-users", "goodcert", "good", "-n", "dba", "-V", "-1d:+1d")
    k.sign("ca-users", "oldcert", "old", "-n", "dba", "-V", "20200101:20200201")
    k.sign("ca-users", "wrongcert", "wrong", "-n", "nobody-here", "-V", "-1d:+1d")
    k.sign("ca-users", "netcert", "net", "-n", "dba", "-V", "-1d:+1d", "-O", "source-address=10.66.0.14/32")
    k.sign("ca-hugo", "hugo", "hugocert", "-n", "ops", "-V", "-1d:+1d")
    return k


def gate1(net, k):
    h = net.add(Host(net, "gate1", 11, k))
    for a in ("anna", "bert", "carl", "carl2", "carl3", "carl4", "dora", "emil", "fred", "fritz", "gina", "hugo", "hugo2", "ivan", "eve"):
        h.account(a)
    h.authorize("anna", "anna")
    h.private("anna", "anna-fleet")                                         # opens web1, db1 from here only
    h.authorize("bert", "bert")
    h.private("bert", "bert")
    h.authorize("carl", "carl", 'from="192.0.2.0/24"')
    h.authorize("carl2", "carl2", f'from="{OUTSIDE}"')
    h.authorize("carl3", "carl3", 'from="!10.66.0.12,10.66.0.0/28"')
    h.authorize("carl4", "carl3", 'from="gate1,*.example.org"')             # names: sshd does not ask (UseDNS no)
    h.authorize("dora", "dora", 'expiry-time="20200101"')
    h.authorize("emil", "emil", 'expiry-time="20991231"')
    h.authorize("fred", "fred", 'command="/bin/true"')
    h.authorize("fritz", "fred", 'command="/bin/true",restrict')
    h.authorize("gina", "gina", "restrict")
    h.authorize("hugo", "ca-hugo", 'cert-authority,principals="ops"')
    h.authorize("hugo2", "ca-hugo", 'cert-authority,principals="other"')
    h.private("ivan", "hugo", "id_hugo")
    h.file("/home/ivan/.ssh/id_hugo-cert.pub", k.certificate("hugocert"), 0o644, "ivan")
    h.authorize("ivan", "ivan")
    h.file("/home/eve/.ssh/authorized_keys", "# " + k.public("lost") + "\n" + "ssh-ed25519 AAAAbroken lost\n", 0o600, "eve")
    h.account("ghost", home="/home/ghost")
    h.file("/home/ghost/.ssh/authorized_keys2", k.public("lost") + "\n", 0o600, "ghost")   # the default's second file
    h.account("sleepy")
    h.file("/home/sleepy/.ssh/authorized_keys3", k.public("lost") + "\n", 0o600, "sleepy")
    h.authorize("root", "root-web", 'from="10.66.0.12"')
    return h


def web1(net, k):
    h = net.add(Host(net, "web1", 12, k))
    h.sshd = "AllowGroups ssh-users root\nDenyUsers barred\nPermitRootLogin prohibit-password\n"
    ok = ("ssh-users",)
    for a in ("anna", "deploy", "barred", "wheeler"):
        h.account(a, groups=ok)
    h.authorize("anna", "anna-fleet", 'from="10.66.0.11"')
    for a in ("deploy", "barred"):
        h.authorize(a, "provider")
    h.account("nogroup1")
    h.authorize("nogroup1", "provider")
    h.account("primary", gid=0)
    h.authorize("primary", "provider")                                      # its primary group is allowed
    h.account("expired", expires="1000", groups=ok)
    h.authorize("expired", "provider")
    h.account("locked", password="!" + HASH, groups=ok)
    h.authorize("locked", "provider")
    h.account("bang", password="!", groups=ok)
    h.authorize("bang", "provider")
    h.account("noshell", shell="/usr/sbin/nologin", groups=ok)
    h.authorize("noshell", "provider")
    h.account("falseshell", shell="/bin/false", groups=ok)
    h.authorize("falseshell", "provider")
    h.account("lostshell", shell="/bin/there-is-none", groups=ok)
    h.authorize("lostshell", "provider")
    h.account("openhome", mode=0o775, groups=ok)                            # its group has no other member: only sshd minds
    h.authorize("openhome", "modes")
    h.account("foreign", groups=ok)
    h.authorize("foreign", "modes", owner="deploy")
    h.account("readable", groups=ok)
    h.authorize("readable", "modes", mode=0o644)
    h.account("writable", groups=ok)
    h.authorize("writable", "modes", mode=0o666)
    h.account("empty", password="", groups=ok)                              # su without a password
    h.authorize("root", "root-web")
    h.private("deploy", "deploy")
    h.sudoers += "deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx\n"
    return h


def web2(net, k):
    h = net.add(Host(net, "web2", 13, k))
    h.sshd = ("AuthorizedKeysFile /etc/ssh/keys/%u .ssh/other_keys\nStrictModes no\nPermitRootLogin forced-commands-only\nPermitEmptyPasswords yes\nRevokedKeys /etc/ssh/revoked\n"
              "Match User nokeys\n\tPubkeyAuthentication no\nMatch User twice\n\tAuthenticationMethods publickey,password\n\tPasswordAuthentication yes\n"
              "Match User pwonly\n\tPasswordAuthentication yes\n\tPubkeyAuthentication no\n"
              "Match User blank\n\tPasswordAuthentication yes\n"
              "Match User fixed\n\tForceCommand /bin/true\nMatch Group inner Address 10.66.0.0/24\n\tAuthorizedKeysFile .ssh/inner_keys\n"
              "Match Address *,!10.66.0.0/24 User homely\n\tPubkeyAuthentication no\n")
    for a in ("deploy", "nokeys", "twice", "pwonly", "fixed", "homely", "loose", "stock", "revoked"):
        h.account(a, password=HASH if a in ("twice", "pwonly") else "*")
    h.account("inward", groups=("inner",))
    h.account("blank", password="")
    h.file("/etc/ssh/revoked", k.public("revoked") + "\n")
    for a in ("deploy", "nokeys", "twice", "pwonly", "fixed", "homely"):
        h.authorize(a, "deploy", path=f"/etc/ssh/keys/{a}", mode=0o644, owner="root")
    h.authorize("revoked", "revoked", path="/etc/ssh/keys/revoked", mode=0o644, owner="root")
    h.authorize("loose", "ops", path="/home/loose/.ssh/other_keys", mode=0o666)   # writable by all, and sshd does not mind
    h.files = [(f[0], f[1], f[2], 0o755, *f[4:]) if f[1] == "/home/loose/.ssh" else f for f in h.files]
    h.authorize("stock", "deploy")                                          # sshd does not look there
    h.authorize("inward", "deploy", path="/home/inward/.ssh/inner_keys")
    h.authorize("root", "ops", path="/etc/ssh/keys/root", mode=0o644, owner="root")
    h.private("deploy", "app")
    return h


def db1(net, k):
    h = net.add(Host(net, "db1", 14, k))
    h.sshd = "PermitRootLogin no\nTrustedUserCAKeys /etc/ssh/ca.pub\nMatch User report\n\tAuthorizedPrincipalsFile /etc/ssh/principals/%u\n"
    h.file("/etc/ssh/ca.pub", k.public("ca-users") + "\n")
    h.file("/etc/ssh/principals/report", "reporters\n")
    for a in ("anna", "dba", "report", "backup", "pool", "share", "quiet"):
        h.account(a, groups=("team",) if a in ("pool", "share") else ())
    h.authorize("anna", "anna-fleet", 'from="10.66.0.11"')
    h.authorize("dba", "dba")
    h.authorize("backup", "backup")
    h.authorize("pool", "reader")
    h.authorize("root", "dba")
    h.private("dba", "service", mode=0o644)                                 # lies in a closed folder
    h.private("share", "left", "/srv/team/left.key", mode=0o640, group="team")
    h.folder("/srv/team", 0o755)
    h.private("root", "nightly", "/srv/open.key", mode=0o644)               # everybody reads it
    h.private("backup", "bert", "/srv/bert.key", mode=0o644)                # and this, but needs a passphrase
    h.private("quiet", "agent", "id_agent")                                 # its agent has it open
    h.agents.append(("quiet", "agent"))
    h.private("backup", "goodcert", "id_good")
    h.file("/home/backup/.ssh/id_good-cert.pub", k.certificate("good"), 0o644, "backup")
    h.private("backup", "oldcert", "id_old")
    h.file("/home/backup/.ssh/id_old-cert.pub", k.certificate("old"), 0o644, "backup")
    h.private("backup", "wrongcert", "id_wrong")
    h.file("/home/backup/.ssh/id_wrong-cert.pub", k.certificate("wrong"), 0o644, "backup")
    h.private("backup", "netcert", "id_net")
    h.file("/home/backup/.ssh/id_net-cert.pub", k.certificate("net"), 0o644, "backup")
    h.private("root", "vault")                                              # root of db1 opens the vault
    h.sudoers += "dba db1=(root) NOPASSWD: /usr/bin/vim /etc/db.conf\n"
    h.file("/etc/db.conf", "a = 1\n")
    h.file("/home/dba/.ssh/config", "Host vault1\n\tProxyJump gate1\n\tUser keeper\n\tForwardAgent yes\n", 0o600, "dba")
    return h


def vault1(net, k):
    h = net.add(Host(net, "vault1", 17, k))
    h.sshd = "PermitRootLogin yes\nAllowUsers root@10.66.0.14 keeper\nPasswordAuthentication yes\n"
    h.account("keeper", password=HASH)
    h.account("reader")
    h.authorize("keeper", "nightly", 'from="10.66.0.14",restrict,pty')
    h.authorize("reader", "vault")
    h.authorize("root", "vault")
    h.private("keeper", "ca-users", "/srv/ca/users", mode=0o600)            # the authority of db1
    h.sudoers += "keeper ALL=(ALL) ALL\n"
    return h


def build():
    net, k = Net(), keys()
    for make in (gate1, web1, web2, scene_sudo.app1, scene_sudo.app2, db1, scene_work.work1, scene_work.old1, vault1):
        make(net, k)
    out = net.add(Host(net, "outside", 99, k))
    out.address = OUTSIDE
    return net, k

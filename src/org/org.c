/* org.c - the organisation: loading, lookups. */
#include "org/org.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "org/org_private.h"

/* Accounts that programs run as on common systems; a file or shell that one of them starts is never a person at work.
 * A person of org.yaml who has such an account keeps it. */
static const char *const known_services[] = {
	"_apt", "_chrony", "adm", "amavis", "apache", "apache2", "avahi", "backup", "bin", "bind", "caddy", "chrony",
	"clamav", "clickhouse", "consul", "couchdb", "cron", "cyrus", "daemon", "dbus", "debian-spamd", "dhcpd", "dnsmasq",
	"docker", "dovecot", "dovenull", "elasticsearch", "etcd", "exim", "fail2ban", "ftp", "games", "gdm", "git",
	"gitea", "gitlab-runner", "gitlab-www", "gnats", "grafana", "haproxy", "http", "httpd", "influxdb", "irc",
	"jenkins", "jetty", "kafka", "kibana", "landscape", "ldap", "lighttpd", "list", "logstash", "lp", "mail", "man",
	"mariadb", "memcached", "messagebus", "minio", "mongod", "mongodb", "mosquitto", "munin", "mysql", "nagios",
	"named", "news", "nfsnobody", "nginx", "nobody", "nscd", "ntp", "ntpsec", "openldap", "opendkim", "oracle",
	"pcp", "php-fpm", "pihole", "polkitd", "pollinate", "postfix", "postgres", "prometheus", "proxy", "puppet",
	"rabbitmq", "redis", "rpc", "rpcuser", "rspamd", "rsync", "rtkit", "saslauth", "solr", "spamd", "squid", "sshd",
	"sssd", "statd", "stunnel4", "sync", "sys", "syslog", "systemd-coredump", "systemd-network", "systemd-oom",
	"systemd-resolve", "systemd-timesync", "tcpdump", "tftp", "tomcat", "tomcat8", "tomcat9", "tomcat10", "tss",
	"unbound", "uucp", "uuidd", "varnish", "vault", "vmail", "wildfly", "www", "www-data", "wwwrun", "zabbix",
	"zookeeper",
	"SYSTEM", "LOCAL SERVICE", "NETWORK SERVICE", /* Windows */
};

struct org *org_new(void)
{
	struct org *o = xcalloc(1, sizeof(*o));

	arena_init(&o->mem);
	o->name = o->timezone = SL("");
	for (size_t i = 0; i < ARRAY_LEN(known_services); i++)
		org_index_put(&o->known_services, slice_of(known_services[i]), o, 0, NULL);
	return o;
}

void org_free(struct org *o)
{
	if (o == NULL)
		return;
	struct org_index *all[] = {&o->by_host, &o->by_provider, &o->domains, &o->services, &o->known_services, &o->patch,
		&o->web};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		org_index_free(all[i]);
	for (size_t c = 0; c < ORG_CLASSES; c++) {
		org_index_free(&o->by_account[c]);
		org_index_free(&o->by_key[c]);
		org_index_free(&o->by_mail[c]);
	}
	org_nets_free(&o->inside);
	org_nets_free(&o->host_ips);
	org_nets_free(&o->provider_nets);
	zone_free(o->zone);
	arena_free(&o->mem);
	free(o);
}

/* ---- loading ------------------------------------------------------------------------------------------------- */
struct org *org_parse(struct slice yaml, const char *name, struct err *e)
{
	struct arena tmp;
	struct node *root;
	struct load l = {.o = org_new(), .file = name != NULL ? name : "", .tmp = &tmp, .e = e};
	int r;

	arena_init(&tmp);
	r = yaml_read(yaml, l.file, &(struct yaml_options){.max_bytes = LIMIT_CONFIG_BYTES, .max_nodes = ORG_NODES_MAX}, &tmp, &root, e);
	if (r == 0 && root != NULL)
		r = org_fill(&l, root);
	free(l.later.v);
	arena_free(&tmp);
	if (r < 0) {
		org_free(l.o);
		return NULL;
	}
	return l.o;
}

/* All of fd, at most LIMIT_CONFIG_BYTES; it may be a pipe. */
static int read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	char part[1 << 14];

	for (;;) {
		ssize_t n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_at(e, ERR_IO, path, 0, 0, "cannot read: %s", strerror(errno));
		if (n == 0)
			return 0;
		if ((size_t)n > (size_t)LIMIT_CONFIG_BYTES - out->n)
			return err_at(e, ERR_LIMIT, path, 0, 0, "larger than %d MiB", LIMIT_CONFIG_BYTES >> 20);
		buf_add(out, part, (size_t)n);
	}
}

struct org *org_load(const char *path, struct err *e)
{
	struct org *o = NULL;
	struct buf text = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		int why = errno;
		err_at(e, why == ENOENT ? ERR_NOENT : why == EACCES ? ERR_PERM : ERR_IO, path, 0, 0, "cannot open: %s",
			strerror(why));
		return NULL;
	}
	if (read_all(fd, path, &text, e) == 0)
		o = org_parse(buf_slice(&text), path, e);
	buf_free(&text);
	close(fd);
	return o;
}

/* ---- hosts --------------------------------------------------------------------------------------------------- */
struct slice org_name(const struct org *o)
{
	return o->name;
}

const struct org_host *org_host(const struct org *o, struct slice name)
{
	const struct org_host *h;
	struct ip ip;
	ssize_t dot;

	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	h = org_index_iget(&o->by_host, name);
	dot = slice_chr(name, '.');
	if (h != NULL || dot <= 0)
		return h;
	h = org_index_iget(&o->by_host, slice_to(name, (size_t)dot));
	return h != NULL && ip_parse(name, &ip) ? NULL : h; /* 10.1.2.3 is not the host called "10" */
}

const struct org_host *org_host_by_ip(const struct org *o, const struct ip *ip)
{
	return org_nets_get(&o->host_ips, ip);
}

static bool listed(const struct slice *v, size_t n, struct slice s)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(v[i], s))
			return true;
	return false;
}

bool org_host_has_role(const struct org_host *h, struct slice role)
{
	return h != NULL && listed(h->roles, h->nroles, role);
}

/* ---- persons ------------------------------------------------------------------------------------------------- */
const struct org_person *org_person_by_account(const struct org *o, struct slice account)
{
	const struct org_person *p = org_index_get(&o->by_account[ORG_PROVIDER], account);

	return p != NULL ? p : org_index_get(&o->by_account[ORG_STAFF], account);
}

const struct org_person *org_person_by_key(const struct org *o, struct slice fingerprint)
{
	const struct org_person *p = org_index_get(&o->by_key[ORG_PROVIDER], fingerprint);

	return p != NULL ? p : org_index_get(&o->by_key[ORG_STAFF], fingerprint);
}

const struct org_person *org_person_by_mail(const struct org *o, struct slice mail)
{
	const struct org_person *p = org_index_iget(&o->by_mail[ORG_PROVIDER], mail);

	return p != NULL ? p : org_index_iget(&o->by_mail[ORG_STAFF], mail);
}

bool org_person_has_role(const struct org_person *p, struct slice role)
{
	return p != NULL && listed(p->roles, p->nroles, role);
}

/* ---- providers ----------------------------------------------------------------------------------------------- */
const struct org_provider *org_provider(const struct org *o, struct slice id)
{
	return org_index_get(&o->by_provider, id);
}

const struct org_provider *org_provider_by_ip(const struct org *o, const struct ip *ip)
{
	return org_nets_get(&o->provider_nets, ip);
}

bool org_provider_may_host(const struct org_provider *p, const struct org *o, struct slice host)
{
	const struct org_host *h;

	if (p->nhosts == 0 || slice_eqz(p->hosts[0], "*"))
		return true;
	h = org_host(o, host);
	return h != NULL && listed(p->hosts, p->nhosts, h->name);
}

bool org_provider_network(const struct org_provider *p, const struct ip *ip)
{
	for (size_t i = 0; i < p->nnetworks; i++)
		if (cidr_has(&p->networks[i], ip))
			return true;
	return p->nnetworks == 0;
}

/* ---- places -------------------------------------------------------------------------------------------------- */
bool org_inside(const struct org *o, const struct ip *ip)
{
	if (ip_is_loopback(ip) || org_nets_get(&o->host_ips, ip) != NULL)
		return true;
	return o->has_networks ? org_nets_get(&o->inside, ip) != NULL : ip_is_private(ip);
}

bool org_domain_own(const struct org *o, struct slice domain)
{
	if (domain.n > 0 && domain.p[domain.n - 1] == '.')
		domain.n--;
	if (domain.n > ORG_HOST_MAX) /* no such domain, and no quadratic work on it */
		return false;
	while (domain.n > 0) {
		struct slice label;
		if (org_index_iget(&o->domains, domain) != NULL)
			return true;
		if (!slice_cut(&domain, '.', &label))
			return false;
	}
	return false;
}

bool org_service_account(const struct org *o, struct slice account)
{
	if (org_index_get(&o->services, account) != NULL)
		return true;
	return org_index_get(&o->known_services, account) != NULL && org_person_by_account(o, account) == NULL;
}

bool org_path_clean(struct slice path, char buf[ORG_PATH_MAX], struct slice *out)
{
	size_t n = 0;

	if (path.n == 0 || path.p[0] != '/' || path.n >= ORG_PATH_MAX)
		return false;
	while (path.n > 0) {
		struct slice part;
		if (!slice_cut(&path, '/', &part)) {
			part = path;
			path.n = 0;
		}
		if (part.n == 0 || slice_eqz(part, "."))
			continue;
		if (slice_eqz(part, "..")) {
			while (n > 0 && buf[--n] != '/')
				;
			continue;
		}
		buf[n++] = '/';
		memcpy(buf + n, part.p, part.n);
		n += part.n;
	}
	if (n == 0)
		buf[n++] = '/';
	*out = slice_make(buf, n);
	return true;
}

/* Is path one of the folders, or below one? Judged by its text; symbolic links are the caller's matter. */
static bool below(const struct org_index *folders, struct slice path)
{
	char buf[ORG_PATH_MAX];
	struct slice s;

	if (folders->names == NULL || !org_path_clean(path, buf, &s))
		return false;
	for (size_t n = 1; n <= s.n; n++)
		if ((n == s.n || s.p[n] == '/') && org_index_get(folders, slice_to(s, n)) != NULL)
			return true;
	return false;
}

bool org_patch_path(const struct org *o, struct slice path)
{
	return below(&o->patch, path);
}

bool org_web_path(const struct org *o, struct slice path)
{
	return below(&o->web, path);
}

/* ---- time and lists ------------------------------------------------------------------------------------------ */
int org_utc_offset(const struct org *o, nstime t)
{
	return o->zone != NULL ? zone_offset_utc(o->zone, t) : 0;
}

struct slice org_timezone(const struct org *o)
{
	return o->timezone;
}

const struct org_host *org_hosts(const struct org *o, size_t *n)
{
	*n = o->nhosts;
	return o->hosts;
}

const struct org_provider *org_providers(const struct org *o, size_t *n)
{
	*n = o->nproviders;
	return o->providers;
}

const struct org_person *org_staff(const struct org *o, size_t *n)
{
	*n = o->nstaff;
	return o->staff;
}

const struct slice *org_domains(const struct org *o, size_t *n)
{
	*n = o->ndomains;
	return o->domain_list;
}

const struct slice *org_partners(const struct org *o, size_t *n)
{
	*n = o->npartners;
	return o->partner_list;
}

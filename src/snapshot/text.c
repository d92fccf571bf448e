/* text.c - a row in words. */
#include "snapshot/snapshot_private.h"

/* {column} is its value, lists with commas; what stands in [ ] is left out when a column in it is not told. ":word" behind a column: only when it is that word. */
static const char *const forms[SNAP_KIND_COUNT] = {
	[SNAP_K_account] = "account {name} (uid {uid})[, shell {shell}][, password {password}]",
	[SNAP_K_group] = "group {name} (gid {gid})[: {members}]",
	[SNAP_K_sudo] = "{who} may run {commands} by sudo[ as {run_as}][ as group {run_as_groups}][ on {hosts}][{nopasswd:yes}, without a password][, until {not_after}]",
	[SNAP_K_sudo_default] = "sudo setting {name} = {value}[ for {scope}]",
	[SNAP_K_doas] = "doas: {action} {who}[ to run {command}][ {args}][ as {run_as}][ ({options})]",
	[SNAP_K_authorized_key] = ("key {fingerprint}[ ({comment})] opens {account}[{authority:yes}, and so does what it signs][, from {from}][, only to run {command}]"
		"[, until {expires}][; {problem}]"),
	[SNAP_K_private_key] = "private key[ {fingerprint}][ of {account}][{encrypted:no}, not encrypted][{encrypted:yes}, encrypted]",
	[SNAP_K_known_host] = "host key {fingerprint} is known[ to {account}][ for {names}][{marker}]",
	[SNAP_K_ssh_client] = "ssh[ of {account}] for {host}: {name} {value}",
	[SNAP_K_host_key] = "host key {type} {fingerprint}",
	[SNAP_K_certificate] = "{kind} certificate {key_id}[ for {principals}], signed by {authority}",
	[SNAP_K_authority] = "certificates signed by {fingerprint} open accounts[; its private key lies in {private_key}]",
	[SNAP_K_sshd] = "sshd: {name} {value}[ for {account}]",
	[SNAP_K_file] = "{kind} file of {owner}[ with {capabilities}]",
	[SNAP_K_job] = "{kind} {name} runs {command}[ as {run_as}][, {schedule}]",
	[SNAP_K_writable] = "{by} may write what {used_as} uses[ ({used_by})]",
	[SNAP_K_polkit] = "polkit: {identity} may {action}[: {result}]",
	[SNAP_K_export] = "{path} is exported to {client}[ ({options})][{root_squash:no}, whose root is root]",
	[SNAP_K_pam] = "pam of {service}: {type} {control} {module}[ {arguments}]",
	[SNAP_K_package] = "package {name} {version}",
	[SNAP_K_fact] = "{name} = {value}",
	[SNAP_K_missing] = "not read: {section}[ of {account}]: {why}",
};

static bool add_value(const void *row, const struct snap_column *c, struct buf *out)
{
	switch (c->type) {
	case SNAP_T_TEXT:
		buf_adds(out, snap_text_of(row, c));
		return snap_text_of(row, c).n > 0;
	case SNAP_T_NUMBER:
		buf_addf(out, "%lld", (long long)snap_number_of(row, c));
		return snap_number_of(row, c) != c->none;
	case SNAP_T_LIST: {
		struct snap_list l = snap_list_of(row, c);
		for (size_t i = 0; i < l.n; i++) {
			if (i)
				buf_addz(out, ", ");
			buf_adds(out, l.v[i]);
		}
		return l.n > 0;
	}
	case SNAP_T_WORD:
		buf_addz(out, c->words[snap_word_of(row, c)]);
		return snap_word_of(row, c) > 0;
	}
	return false;
}

/* At '{': writes the value; false when it is not told, or not the word that is asked for (which is not written). */
static bool add_column(const char **form, enum snap_kind k, const void *row, struct buf *out)
{
	const char *name = *form + 1, *end = strchr(name, '}'), *colon = memchr(name, ':', (size_t)(end - name));
	struct slice column = slice_make(name, (size_t)((colon ? colon : end) - name));
	*form = end + 1;
	for (const struct snap_column *c = snap_tables[k].columns; c->name; c++) {
		if (!slice_eqz(column, c->name))
			continue;
		if (colon)
			return slice_eqz(slice_make(colon + 1, (size_t)(end - colon - 1)), c->words[snap_word_of(row, c)]);
		return add_value(row, c, out);
	}
	return false;
}

void snapshot_row_text(const struct snapshot *s, enum snap_kind k, const void *row, struct buf *out)
{
	size_t start = 0;
	bool whole = true;
	const struct snap_at *at = row; /* first in every record */
	(void)s;
	for (const char *f = forms[k]; *f;) {
		if (*f == '{') {
			whole &= add_column(&f, k, row, out);
			continue;
		}
		if (*f == '[') {
			start = out->n;
			whole = true;
		} else if (*f == ']') {
			out->n = whole ? out->n : start;
		} else {
			buf_addc(out, *f);
		}
		f++;
	}
	if (at->file.n) {
		buf_addz(out, ", ");
		buf_adds(out, at->file);
	}
	if (at->line > 0)
		buf_addf(out, ":%lld", (long long)at->line);
}

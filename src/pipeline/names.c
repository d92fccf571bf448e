/* names.c - whose log is it when neither its lines nor its folder say so? audit.log and access logs name no host; the
 * auth.log or syslog beside them, or one or two folders above, does. */
#include "pipeline/lane.h"

#include <stdlib.h>

enum { FOLDERS_MOST = 20000, LEVELS = 3, HOST_MOST = 64 };

/* The host that the logs lying directly in a folder name. */
struct folder {
	char host[HOST_MOST];
	uint8_t n;
	bool several;
};

static struct slice folder_of(struct slice path)
{
	ssize_t at = slice_rfind(path, SL("/"));
	return at > 0 ? slice_to(path, (size_t)at) : SLICE_NONE;
}

static struct slice first_label(struct slice host)
{
	struct ip ip;
	ssize_t dot = slice_chr(host, '.');
	return dot > 0 && !ip_parse(host, &ip) ? slice_to(host, (size_t)dot) : host;
}

/* An empty key is the folder that relative paths begin in. */
static struct slice key_of(struct slice folder)
{
	return folder.n ? folder : SL(".");
}

static void note_folder(struct lru *folders, const struct lane *l)
{
	bool fresh;
	struct slice host = first_label(l->named);
	struct folder *f = lru_put(folders, key_of(folder_of(l->set->name)), &fresh);
	if (!fresh) {
		f->several |= !slice_ieq(host, slice_make(f->host, f->n));
		return;
	}
	f->several = host.n > HOST_MOST;
	f->n = (uint8_t)MIN(host.n, (size_t)HOST_MOST);
	memcpy(f->host, host.p, f->n);
}

static struct slice neighbour(struct lru *folders, struct slice path)
{
	struct slice dir = folder_of(path);
	for (int i = 0; i < LEVELS; i++, dir = folder_of(dir)) {
		const struct folder *f = lru_get(folders, key_of(dir));
		if (f)
			return f->several ? SLICE_NONE : slice_make(f->host, f->n);
		if (!dir.n)
			break;
	}
	return SLICE_NONE;
}

/* The folder's name counts when the organisation knows it; "collected-2026/var/log" is only a folder. */
static struct slice host_for(struct run *r, struct lru *folders, const struct lane *l)
{
	struct slice layout = l->set->host, near = SLICE_NONE;
	if (l->named.n || (layout.n && org_host(r->opt->org, layout)))
		return layout.n ? layout : l->named;
	near = neighbour(folders, l->set->name);
	if (near.n || layout.n)
		return near.n ? near : layout;
	return slice_starts(l->set->name, SL("/var/log/")) && r->opt->this_host ? first_label(slice_of(r->opt->this_host)) : SLICE_NONE;
}

void lanes_name(struct run *r)
{
	struct lru *folders = lru_new(sizeof(struct folder), FOLDERS_MOST, NULL, NULL);
	for (size_t i = 0; i < r->nlanes; i++)
		if (r->lanes[i].named.n)
			note_folder(folders, &r->lanes[i]);
	for (size_t i = 0; i < r->nlanes; i++) {
		struct lane *l = &r->lanes[i];
		l->host = slice_dup(&r->set->mem, host_for(r, folders, l));
		bool folder = l->set->host.n && org_host(r->opt->org, l->set->host);
		struct slice host = l->named.n && !folder ? l->named : l->host;
		if (host.n && r->opt->began && l->start != NSTIME_NONE)
			r->opt->began(r->opt->arg, host, l->start);
	}
	lru_free(folders);
}

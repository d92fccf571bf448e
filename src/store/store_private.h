/* store_private.h - private to room store: statements. */
#ifndef POSTERN_STORE_PRIVATE_H
#define POSTERN_STORE_PRIVATE_H

#include "store/store.h"

#include <sqlite3.h>

#define INCIDENT_COLUMNS "id,title,kind,reason,level,status,stages,findings,first,last,opened,updated,closed,merged,follows,closer,closing"

#define MESSAGE_COLUMNS "id,channel,body,state,attempts,created,due,incident,level,changes,digest,held,under_way,doubt,sent,error"
/* What a list of incidents is made of: which ones, in which order. A statement each, so that each finds its index. */
#define BROWSE_FIT BROWSE_TIMES("") /* a "+": not by the index of that column */
#define BROWSE_TIMES(by) "level>=?2 AND " by "updated>=?3 AND " by "updated<?4 AND (?5='' OR kind=?5) AND (?6='' OR title LIKE ?6 ESCAPE '\\' OR id LIKE ?6 ESCAPE '\\')"
#define BROWSE_ONE "SELECT " INCIDENT_COLUMNS " FROM incident WHERE status=?1 AND " BROWSE_FIT " ORDER BY "
#define BROWSE_ONE_WORST "SELECT " INCIDENT_COLUMNS " FROM incident WHERE status=?1 AND " BROWSE_TIMES("+") " ORDER BY "
#define BROWSE_ALL "SELECT " INCIDENT_COLUMNS " FROM incident WHERE ?1<0 AND " BROWSE_FIT " ORDER BY "
#define BROWSE_PAGE " LIMIT ?7 OFFSET ?8"

/* Statements are prepared once, when first used. */
#define STATEMENTS(X) \
	X(Q_SEED_GET, "SELECT value FROM meta WHERE name='seed'") \
	X(Q_SEED_PUT, "INSERT INTO meta(name,value) VALUES('seed',?1)") \
	X(Q_SOURCE_PUT, "INSERT INTO source(path,host,dev,ino,pos,head,head_bytes,seen,done,log,id) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) ON CONFLICT(id) DO UPDATE SET " \
		"path=?1,host=?2,dev=?3,ino=?4,pos=?5,head=?6,head_bytes=?7,seen=?8,done=?9,log=?10") \
	X(Q_SOURCES, "SELECT path,host,dev,ino,pos,head,head_bytes,seen,done,log,id FROM source ORDER BY id") \
	X(Q_MEMORY_PUT, "INSERT INTO memory(name,bytes) VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET bytes=excluded.bytes") \
	X(Q_MEMORY_GET, "SELECT bytes FROM memory WHERE name=?1") \
	X(Q_FINDING_GET, "SELECT count,level,body FROM finding WHERE uid=?1") \
	X(Q_FINDING_PUT, "INSERT INTO finding(uid,rule,level,first,last,count,title,body) VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT(uid) DO UPDATE SET " \
		"rule=?2,level=?3,first=?4,last=?5,count=?6,title=?7,body=?8") \
	X(Q_FINDING_JOIN, "UPDATE finding SET former=former||CASE WHEN EXISTS(SELECT 1 FROM incident i WHERE i.id=finding.incident AND i.status IN (1,2)) THEN incident||' ' ELSE '' END," \
		"incident=?2 WHERE uid=?1 AND incident IS NOT ?2") \
	X(Q_FINDINGS_REJOIN, "UPDATE finding SET incident=?2 WHERE incident=?1") \
	X(Q_FINDINGS_COUNT, "SELECT count(*) FROM finding WHERE incident=?1") \
	X(Q_FINDINGS_NEWEST, "SELECT max(last) FROM finding WHERE last<=?1") \
	X(Q_FINDINGS, "SELECT body,incident FROM finding WHERE last>=?1 ORDER BY first,uid") \
	X(Q_FINDINGS_OF, "SELECT body,incident FROM finding WHERE uid IN (SELECT uid FROM finding WHERE incident=?2 UNION ALL " \
		"SELECT uid FROM finding WHERE former<>'' AND instr(former,?2||' ')>0) AND last>=?1 ORDER BY first,uid") \
	X(Q_INCIDENT_PUT, "INSERT INTO incident(id,title,kind,reason,level,status,stages,findings,first,last,opened,updated,closed,merged,follows) " \
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) ON CONFLICT(id) DO UPDATE SET " \
		"title=?2,kind=?3,reason=?4,level=?5,status=?6,stages=?7,findings=?8,first=?9,last=?10,opened=?11,updated=?12,closed=?13,merged=?14,follows=?15") \
	X(Q_INCIDENT_GET, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE id=?1") \
	X(Q_INCIDENT_MATCH, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE substr(id,1,length(?1))=?1 ORDER BY id LIMIT 4") \
	X(Q_INCIDENT_DECIDE, "UPDATE incident SET status=?2,closed=?3,updated=?4,closer=?5,closing=?6,merged=''," \
		"decision=(SELECT value FROM meta WHERE name='decision') WHERE id=?1") \
	X(Q_DECISION_NEXT, "INSERT INTO meta(name,value) VALUES('decision',1) ON CONFLICT(name) DO UPDATE SET value=value+1") \
	X(Q_DECISIONS, "SELECT decision,id,status,closed FROM incident WHERE decision>?1 ORDER BY decision") \
	X(Q_DECISION_NEWEST, "SELECT max(value) FROM meta WHERE name='decision'") \
	X(Q_INCIDENTS, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE ?1<0 OR status=?1 ORDER BY updated DESC,id") \
	X(Q_BROWSE_ONE_CHANGED, BROWSE_ONE "updated DESC,id" BROWSE_PAGE) \
	X(Q_BROWSE_ONE_WORST, BROWSE_ONE_WORST "level DESC,updated DESC,id" BROWSE_PAGE) \
	X(Q_BROWSE_ONE_NEWEST, BROWSE_ONE "opened DESC,id" BROWSE_PAGE) \
	X(Q_BROWSE_ALL_CHANGED, BROWSE_ALL "updated DESC,id" BROWSE_PAGE) \
	X(Q_BROWSE_ALL_WORST, BROWSE_ALL "level DESC,updated DESC,id" BROWSE_PAGE) \
	X(Q_BROWSE_ALL_NEWEST, BROWSE_ALL "opened DESC,id" BROWSE_PAGE) \
	X(Q_BROWSE_COUNT_ONE, "SELECT count(*) FROM incident WHERE status=?1 AND " BROWSE_FIT) \
	X(Q_BROWSE_COUNT_ALL, "SELECT count(*) FROM incident WHERE ?1<0 AND " BROWSE_FIT) \
	X(Q_DATA_VERSION, "PRAGMA data_version") \
	X(Q_INCIDENT_LEVELS, "SELECT status,level,count(*),max(updated) FROM incident GROUP BY status,level") \
	X(Q_INCIDENT_JOINED, "SELECT id FROM incident WHERE merged=?1 AND merged<>'' AND status=3 ORDER BY updated DESC,id") \
	X(Q_SOURCE_LOGS, "SELECT host,log,max(path),max(seen),count(*),min(done) FROM source GROUP BY host,CASE log WHEN '' THEN path ELSE log END ORDER BY max(seen),host,log,path") \
	X(Q_SEARCH_FINDINGS, "SELECT body,incident FROM finding WHERE incident IS NOT NULL ORDER BY last DESC LIMIT ?1") \
	X(Q_SEARCH_NOTES, "SELECT incident,time,author,text FROM note WHERE text LIKE ?1 ESCAPE '\\' OR author LIKE ?1 ESCAPE '\\' ORDER BY id DESC LIMIT ?2") \
	X(Q_SEARCH_REPORTS, "SELECT uid,time,who,verdict,name,sender,recipient,hashes,taken FROM report WHERE name LIKE ?1 ESCAPE '\\' OR sender LIKE ?1 ESCAPE '\\' " \
		"OR recipient LIKE ?1 ESCAPE '\\' OR who LIKE ?1 ESCAPE '\\' OR hashes LIKE ?1 ESCAPE '\\' ORDER BY time DESC,uid LIMIT ?2") \
	X(Q_NOTE_ADD, "INSERT INTO note(incident,time,author,text) VALUES(?1,?2,?3,?4)") \
	X(Q_NOTES, "SELECT time,author,text FROM note WHERE incident=?1 ORDER BY id") \
	X(Q_MESSAGE_ADD, "INSERT OR IGNORE INTO outbox(id,channel,body,state,attempts,created,due,incident,level,changes,digest) VALUES(?1,?2,?3,0,0,?4,?5,?6,?7,?8,?9)") \
	X(Q_MESSAGE_GET, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE id=?1") \
	X(Q_MESSAGES_DUE, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE state=0 AND due<=?1 AND (?2='' OR channel=?2) AND level BETWEEN ?3 AND ?4 " \
		"ORDER BY level DESC,created,id LIMIT ?5") \
	X(Q_MESSAGES, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE state=?1 AND (?2<0 OR held=?2) ORDER BY created,id") \
	X(Q_MESSAGE_WAITING, "SELECT " MESSAGE_COLUMNS " FROM outbox WHERE incident=?1 AND channel=?2 AND state=0 AND attempts=0 AND doubt=0 ORDER BY created DESC,id LIMIT 1") \
	X(Q_MESSAGE_KNOWN, "SELECT 1 FROM outbox WHERE incident=?1 AND channel=?2 AND digest=?3 LIMIT 1") \
	X(Q_MESSAGE_MARK, "UPDATE outbox SET state=?2,attempts=?3,due=?4,held=?5,under_way=?6,doubt=?7,sent=?8,error=?9 WHERE id=?1") \
	X(Q_MESSAGE_REWRITE, "UPDATE outbox SET body=?2,digest=?3,changes=?4,level=?5 WHERE id=?1 AND state=0 AND attempts=0 AND doubt=0") \
	X(Q_MESSAGES_HOLD, "UPDATE outbox SET due=?1,held=?2 WHERE state=0 AND under_way=0 AND channel=?3 AND due<=?4 AND level BETWEEN ?5 AND ?6") \
	X(Q_MESSAGES_GROUP, "UPDATE outbox SET state=3 WHERE state=0 AND under_way=0 AND held<>0 AND channel=?1 AND due<=?2 AND level BETWEEN ?3 AND ?4") \
	X(Q_MESSAGES_SENT, "SELECT count(*),coalesce(min(sent),0) FROM outbox WHERE channel=?1 AND sent>?2 AND state=1 AND level BETWEEN ?3 AND ?4") \
	X(Q_MESSAGES_RESUME, "UPDATE outbox SET under_way=0,doubt=1,due=min(due,?1) WHERE state=0 AND under_way=1") \
	X(Q_MESSAGES_REQUEUE, "UPDATE outbox SET state=0,attempts=0,due=?1,held=0 WHERE state=2 AND (?2='' OR id=?2)") \
	X(Q_MESSAGES_NEXT, "SELECT min(due) FROM outbox WHERE state=0 AND due>?1") \
	X(Q_MESSAGE_COUNT, "SELECT count(*) FROM outbox WHERE state=?1") \
	X(Q_ACTION_ADD, "INSERT OR IGNORE INTO action(id,incident,kind,target,state,dry_run,created,until,done,attempts,result,undo) " \
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)") \
	X(Q_ACTION_SET, "UPDATE action SET state=?2,dry_run=?3,until=?4,done=?5,attempts=?6,result=?7,undo=?8 WHERE id=?1") \
	X(Q_ACTION_GET, "SELECT id,incident,kind,target,state,dry_run,created,until,done,attempts,result,undo FROM action WHERE id=?1") \
	X(Q_ACTIONS, "SELECT id,incident,kind,target,state,dry_run,created,until,done,attempts,result,undo FROM action " \
		"WHERE (?1<0 OR state=?1) AND (?2 IS NULL OR incident=?2) ORDER BY created,id") \
	X(Q_SUPPRESSION_ADD, "INSERT INTO suppression(rule,host,user,source,command,reason,incident,author,created,until,revoked) " \
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)") \
	X(Q_SUPPRESSION_REVOKE, "UPDATE suppression SET revoked=coalesce(revoked,?2) WHERE id=?1") \
	X(Q_SUPPRESSIONS, "SELECT id,rule,host,user,source,command,reason,incident,author,created,until,revoked FROM suppression ORDER BY id") \
	X(Q_RETAIN_FINDINGS, "DELETE FROM finding WHERE (incident IS NULL AND last<?1) OR incident IN (SELECT id FROM incident WHERE status<>0 AND updated<?1)") \
	X(Q_RETAIN_NOTES, "DELETE FROM note WHERE incident IN (SELECT id FROM incident WHERE status<>0 AND updated<?1)") \
	X(Q_RETAIN_INCIDENTS, "DELETE FROM incident WHERE status<>0 AND updated<?1") \
	X(Q_RETAIN_MESSAGES, "DELETE FROM outbox WHERE state IN (1,3) AND created<?1") \
	X(Q_RETAIN_REPORTS, "DELETE FROM report WHERE taken=1 AND time<?1") \
	X(Q_REPORT_ADD, "INSERT OR IGNORE INTO report(uid,time,who,verdict,name,sender,recipient,hashes,body) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)") \
	X(Q_REPORTS, "SELECT uid,time,who,verdict,name,sender,recipient,hashes,taken FROM report WHERE time>=?1 ORDER BY time,uid") \
	X(Q_REPORTS_WAITING, "SELECT body FROM report WHERE taken=0 ORDER BY time,uid") \
	X(Q_REPORTS_WAIT, "SELECT 1 FROM report WHERE taken=0 LIMIT 1") \
	X(Q_REPORTS_TAKEN, "UPDATE report SET taken=1 WHERE taken=0") \
	X(Q_BEGIN, "BEGIN IMMEDIATE") X(Q_COMMIT, "COMMIT") X(Q_ROLLBACK, "ROLLBACK")
enum statement {
#define X(id, sql) id,
	STATEMENTS(X)
#undef X
	STATEMENT_COUNT
};

struct store {
	sqlite3 *db;
	char path[4096];
	sqlite3_stmt *q[STATEMENT_COUNT];
	bool reads;                    /* only: data_version then goes up with whatever others change */
	int64_t counted;               /* data_version of levels; 0 none */
	struct store_levels levels;
};

/* The prepared statement, bound with nothing; NULL with *e. */
sqlite3_stmt *store_statement(struct store *s, enum statement id, struct err *e);
/* Run to its end; rows are an error. */
int store_run(struct store *s, sqlite3_stmt *q, struct err *e);
/* One step: 1 a row, 0 the end (and reset), ERR_* with *e (and reset). */
int store_step(struct store *s, sqlite3_stmt *q, struct err *e);
int store_fail(struct store *s, struct err *e, const char *doing);
void bind_slice(sqlite3_stmt *q, int at, struct slice v);
void bind_like(sqlite3_stmt *q, int at, struct slice v); /* "%v%" with what LIKE ... ESCAPE '\\' knows escaped; empty stays empty */
void bind_blob(sqlite3_stmt *q, int at, struct slice v);
struct slice column_slice(sqlite3_stmt *q, int at);
void read_incident(sqlite3_stmt *q, struct store_incident *x); /* a row of INCIDENT_COLUMNS; texts are the row's */
void keep_incident(struct arena *mem, struct store_incident *x);
int store_migrate(struct store *s, bool may_write, struct err *e);

#endif

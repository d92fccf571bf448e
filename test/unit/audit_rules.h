/* audit_rules.h - rules on audit records of every kind that room sigma treats in its own way: for test_audit_again.c and fuzz_audit_again.c. */
#ifndef POSTERN_TEST_AUDIT_RULES_H
#define POSTERN_TEST_AUDIT_RULES_H

enum { AUDIT_RULES = 12 };
#define RULE(n, source, rest) "title: t" n "\nid: 00000000-0000-4000-8000-00000000000" n "\nlogsource:\n" source "detection:\n" rest "level: low\n---\n"
#define AUDITD "  product: linux\n  service: auditd\n"
static const char audit_rules[] =
	RULE("1", AUDITD, "  s:\n    type: EXECVE\n  k:\n    - touch\n  l:\n    - '-t'\n    - '-r'\n  condition: s and k and l\n")
	RULE("2", AUDITD, "  s:\n    type: EXECVE\n    a1: '-t'\n    a2: nat\n  condition: s\n")
	RULE("3", AUDITD, "  s:\n    type: SYSCALL\n    exe|startswith: /tmp\n    key: '1f'\n  condition: s\n")
	RULE("4", AUDITD, "  s:\n    a1|contains: secret\n  condition: s\n")
	RULE("5", AUDITD, "  s:\n    type: PATH\n    name|endswith: curl\n  f:\n    nametype: nat\n  condition: s and not f\n")
	RULE("6", AUDITD, "  s:\n    type: EXECVE\n  k:\n    '|all':\n      - 'if='\n      - dd\n  n:\n    - 'of='\n  condition: s and k and not n\n")
	RULE("7", "  product: linux\n", "  k:\n    - password\n  condition: k\n")
	RULE("8", AUDITD, "  s:\n    SYSCALL: execve\n    comm|contains: dmesg\n  condition: s\n")
	RULE("9", AUDITD, "  s:\n    type: PATH\n    name|endswith: sh\n  n:\n    - 'mode=1'\n  condition: s and not n\n")
	RULE("a", "  product: linux\n  category: process_creation\n", "  s:\n    Image|endswith: /tcpdump\n  k:\n    CommandLine|contains: grep\n  condition: s or k\n")
	RULE("b", AUDITD, "  s:\n    type: SYSCALL\n    a2: '0'\n  condition: s\n")
	RULE("c", AUDITD, "  s:\n    proctitle|contains: dd\n  condition: s\n");
#undef AUDITD
#undef RULE

#endif

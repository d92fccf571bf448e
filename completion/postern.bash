# bash completion for postern(1). The tables are checked against `postern COMMAND --help` by test/check/docs.py.

_postern_commands="scan watch decode rules log incident response state provider person grant gate sshd-keys init mfa session release privilege audit inspect milter quarantine lesson console help version"

# Options of a command; an option that ends in = takes a value.
_postern_options() {
	case $1 in
	scan)
		echo "--org= -o= --tz= --all -a --threads= -j= --format= -f= --output= -O= --min-level= -l= --fail-on=" \
			"--rules= -r= --rule-level= --rule-status= --tag= --skip-rule= --values= --mapping= --no-rules --stats --suppressions=" \
			"--disable= -d= --learning= --path-budget= --color= --verbose -v --quiet -q --help -h"
		;;
	watch) echo "--config= -c= --state= -s= --check --verbose -v --help -h" ;;
	decode) echo "--org= -o= --tz= --all -a --threads= -j= --known -k --stats -s --help -h" ;;
	rules)
		echo "--rules= -r= --rule-level= --rule-status= --tag= --skip-rule= --values= --mapping=" \
			"--format= -f= --output= -O= --no-prefilter --verbose -v --help -h"
		;;
	log) echo "--state= -s= --anchors= --format= -f= --help -h" ;;
	incident)
		echo "--state= -s= --org= -o= --status= --since= --level= -l= --format= -f= --output= -O= --reason= -r= --false-positive --until=" \
			"--dry-run -n --color= --help -h"
		;;
	state) echo "--state= -s= --format= -f= --help -h" ;;
	response) echo "--state= -s= --config= -c= --org= -o= --incident= -i= --format= -f= --help -h" ;;
	provider) echo "--state= -s= --config= -c= --format= -f= --name= --until= -u= --zone= --reason= -r= --org= -o= --help -h" ;;
	person) echo "--state= -s= --config= -c= --format= -f= --provider= -p= --name= --account= -A= --key= -k= --reason= -r= --help -h" ;;
	session) echo "--state= -s= --config= -c= --format= -f= --open --since= --person= -p= --speed= --idle= --raw --force --reason= -r= --help -h" ;;
	grant)
		echo "--state= -s= --config= -c= --format= -f= --person= -p= --provider= --host= -H= --account= -A= --source= -S= --from= --until= -u=" \
			"--hours= --zone= --shell --command= -C= --sftp --forward --no-factor --no-record --purpose= --ticket= -t= --reason= -r=" \
			"--version= --at= --key= -k= --all -a --help -h"
		;;
	gate) echo "--state= -s= --socket= --host= --keys-user= --help -h" ;;
	sshd-keys) echo "--socket= --help -h" ;;
	init) echo "--root= --dry-run -n --undo --forwarding --shell= --postern= --help -h" ;;
	mfa)
		echo "--state= -s= --config= -c= --format= -f= --hash= --digits= --period= --counter --issuer= --plain --reason= -r= --days=" \
			"--org= -o= --tz= --all -a --threads= -j= --help -h"
		;;
	audit)
		echo "--root= -R= --org= -o= --id= -i= --demand= -d= --waivers= -w= --since= --save --anchors= --fail-on= --list -l --all -a" \
			"--output= -O= --format= -f= --color= --state= -s= --help -h"
		;;
	release)
		echo "--list= -l= --state= -s= --key= -k= --folder= -F= --until= -u= --yes -y --enforce -e --once -1 --inotify --to= -t=" \
			"--format= -f= --help -h"
		;;
	privilege)
		echo "--snapshot= -S= --logs= -l= --days= -d= --root= -R= --host= -H= --save --from= -F= --to= -T= --cost= --kind= -k= --unused -u" \
			"--undo= --org= -o= --tz= --output= -O= --format= -f= --color= --state= -s= --help -h"
		;;
	inspect)
		echo "--format= -f= --language= -L= --explain -e --tree -t --quiet -q --password= -p= --yara= -y= --clamd= --fail-on= --org= -o= --trust= -T= --trust-unnamed --products= -P= --state= -s=" \
			"--report-as= -r= --jobs= -j= --depth= --seconds= --color= --help -h"
		;;
	milter)
		echo "--socket= -S= --group= -g= --quarantine= -Q= --action= -a= --on-failure= --tag= -t= --no-notice --notice-from= --language= -L= --keep= -k= --max-size= -m=" \
			"--seconds= --wait= -w= --depth= --jobs= -j= --org= -o= --trust= -T= --trust-unnamed --products= -P= --yara= -y= --clamd= --state= -s= --config= -c= --help -h"
		;;
	lesson)
		echo "--lessons= -l= --state= -s= --org -o --team= --role= --user= --due= --remove --months= -m= --console= --from= --sendmail= --config= -c= --dry-run -n" \
			"--format= -f= --help -h"
		;;
	console)
		echo "--listen= -l= --state= -s= --config= -c= --org= -o= --certificate= --key= --plain --user= -u= --quarantine= -q= --sendmail= --web= --lessons= --threads= -j=" \
			"--shown= --mail= -m= --team= -t= --role= -r= --language= --disable --enable --hours= --format= -f= --help -h"
		;;
	quarantine) echo "--quarantine= -Q= --state= -s= --all -a --again --sendmail= --format= -f= --help -h" ;;
	'') echo "--help -h --version -V" ;;
	esac
}

# Values of an option of a command: words, or "file", "zone", "detector"; nothing when they are free.
_postern_values() {
	case $1:$2 in
	scan:--format | scan:-f) echo "text json ecs html" ;;
	rules:--format | rules:-f | log:--format | log:-f | state:--format | state:-f | response:--format | response:-f | provider:--format | provider:-f | person:--format | person:-f | grant:--format | grant:-f | mfa:--format | mfa:-f) echo "text json" ;;
	rules:--format | rules:-f | log:--format | log:-f | state:--format | state:-f | response:--format | response:-f | provider:--format | provider:-f | person:--format | person:-f | grant:--format | grant:-f | session:--format | session:-f) echo "text json" ;;
	incident:--format | incident:-f) echo "text json html" ;;
	incident:--status) echo "open closed false-positive merged all" ;;
	log:--anchors | *:--state | log:-s | watch:-s | watch:--config | watch:-c | state:-s | incident:-s | incident:-o | incident:--org | incident:-O | incident:--output | response:-s | response:--config | response:-c | response:--org | response:-o) echo file ;;
	provider:-s | provider:--config | provider:-c | provider:--org | provider:-o | person:-s | person:--config | person:-c | person:--key | person:-k | grant:-s | grant:--config | grant:-c | session:-s | session:--config | session:-c) echo file ;;
	gate:-s | gate:--socket | sshd-keys:--socket | init:--root | init:--shell | init:--postern) echo file ;;
	provider:--zone | grant:--zone) echo zone ;;
	provider:-s | provider:--config | provider:-c | provider:--org | provider:-o | person:-s | person:--config | person:-c | person:--key | person:-k | grant:-s | grant:--config | grant:-c | mfa:-s | mfa:--config | mfa:-c | mfa:--org | mfa:-o) echo file ;;
	provider:--zone | grant:--zone | mfa:--tz) echo zone ;;
	mfa:--hash) echo "sha1 sha256 sha512" ;;
	rules:--format | rules:-f | log:--format | log:-f | state:--format | state:-f | response:--format | response:-f | release:--format | release:-f) echo "text json" ;;
	release:--list | release:-l | release:-s | release:--key | release:-k | release:--folder | release:-F | release:--to | release:-t) echo file ;;
	privilege:--format | privilege:-f) echo "text json html svg" ;;
	privilege:--color) echo "auto always never" ;;
	privilege:--snapshot | privilege:-S | privilege:--logs | privilege:-l | privilege:--root | privilege:-R | privilege:--undo | privilege:--org | privilege:-o | privilege:--output | privilege:-O | privilege:-s) echo file ;;
	privilege:--tz) echo zone ;;
	privilege:--host | privilege:-H) echo "ORG" ;;
	privilege:--kind | privilege:-k) echo "key certificate password sudo doas group private-key agent writable setuid polkit export authority grant" ;;
	milter:--action | milter:-a) echo "hold mta-hold tag reject" ;;
	milter:--on-failure) echo "deliver defer hold" ;;
	milter:--language | milter:-L) echo "en de ko" ;;
	milter:--socket | milter:-S | milter:--quarantine | milter:-Q | milter:--org | milter:-o | quarantine:--quarantine | quarantine:-Q | quarantine:-s | quarantine:--sendmail) echo file ;;
	quarantine:--format | quarantine:-f) echo "text json" ;;
	console:--format | console:-f) echo "text json" ;;
	console:--role | console:-r) echo "employee analyst approver administrator" ;;
	console:--language) echo "en de ko" ;;
	console:--state | console:-s | console:--config | console:-c | console:--org | console:-o | console:--certificate | console:--key | console:--quarantine | console:-q | console:--web | console:--lessons | console:--sendmail) echo file ;;
	lesson:--format | lesson:-f) echo "text json csv" ;;
	lesson:--lessons | lesson:-l | lesson:-s | lesson:--config | lesson:-c | lesson:--sendmail) echo file ;;
	inspect:--format | inspect:-f) echo "text json" ;;
	inspect:--language | inspect:-L) echo "en de ko" ;;
	inspect:--fail-on) echo "cannot-tell suspicious lure" ;;
	inspect:--color) echo "auto always never" ;;
	inspect:--org | inspect:-o | inspect:--yara | inspect:-y | inspect:--clamd | inspect:-s) echo file ;;
	inspect:-r) ;;
	incident:--level | incident:-l | scan:--min-level | scan:-l | scan:--fail-on) echo "informational low medium high critical" ;;
	*:--rule-level) echo "informational low medium high critical" ;;
	*:--rule-status) echo "stable test experimental" ;;
	*:--rules | *:-r | scan:--suppressions | *:--values | *:--mapping | rules:--output | rules:-O) echo file ;;
	audit:--format | audit:-f) echo "text json html ocsf" ;;
	audit:--fail-on) echo "low medium high critical" ;;
	audit:--demand | audit:-d) echo "provider-access logging second-factor least-privilege patching mail education" ;;
	audit:--root | audit:-R | audit:--org | audit:-o | audit:--waivers | audit:-w | audit:--since | audit:--anchors | audit:--output | audit:-O | audit:-s) echo file ;;
	audit:--color) echo "auto always never" ;;
	scan:--color | incident:--color) echo "auto always never" ;;
	scan:--org | scan:-o | decode:--org | decode:-o | scan:--output | scan:-O) echo file ;;
	scan:--tz | decode:--tz) echo zone ;;
	scan:--disable | scan:-d) echo detector ;;
	esac
}

_postern_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_postern_zones() {
	local dir=/usr/share/zoneinfo
	mapfile -t COMPREPLY < <(cd "$dir" 2>/dev/null && compgen -f -- "$1" | while read -r z; do
		if [ -d "$z" ]; then echo "$z/"; elif [ "$(head -c 4 "$z" 2>/dev/null)" = TZif ]; then echo "$z"; fi
	done)
	case ${COMPREPLY[0]-} in */) compopt -o nospace 2>/dev/null ;; esac
}

# The last of a list with commas.
_postern_detectors() {
	local done='' part=$1
	case $1 in *,*) done=${1%,*}, part=${1##*,} ;; esac
	mapfile -t COMPREPLY < <(compgen -P "$done" -W "$("${COMP_WORDS[0]}" rules list 2>/dev/null | grep -o '^postern\.[^ ]*')" -- "$part")
}

_postern_value() {
	local values
	values=$(_postern_values "$1" "$2")
	case $values in
	file) _postern_files "$3" ;;
	zone) _postern_zones "$3" ;;
	detector) _postern_detectors "$3" ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$3") ;;
	esac
}

_postern() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' options
	COMPREPLY=()
	[ "$COMP_CWORD" -gt 1 ] && command=${COMP_WORDS[1]}
	options=" $(_postern_options "$command") "
	# bash splits --format=json into three words, and --format= into two
	if [ "$cur" = "=" ]; then
		_postern_value "$command" "$prev" ""
	elif [ "$prev" = "=" ] && [ "$COMP_CWORD" -gt 2 ]; then
		_postern_value "$command" "${COMP_WORDS[COMP_CWORD - 2]}" "$cur"
	elif [ -n "$command" ] && [[ $options == *" $prev= "* ]]; then
		_postern_value "$command" "$prev" "$cur"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options//=/}" -- "$cur")
	elif [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$_postern_commands" -- "$cur")
	elif [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "${_postern_commands% help version}" -- "$cur")
	elif [ "$command" = rules ]; then
		mapfile -t COMPREPLY < <(compgen -W "list check test explain coverage tune" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && _postern_files "$cur"
	elif [ "$command" = log ]; then
		mapfile -t COMPREPLY < <(compgen -W "verify" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && _postern_files "$cur"
	elif [ "$command" = incident ]; then
		mapfile -t COMPREPLY < <(compgen -W "list show close reopen note export suppressions" -- "$cur")
		case $prev in
		show | close | reopen | note | export)
			mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" incident list --status all 2>/dev/null | grep -o '^[0-9][^ ]*')" -- "$cur")
			;;
		esac
	elif [ "$command" = privilege ]; then
		mapfile -t COMPREPLY < <(compgen -W "collect diff report reach exposure cut suggest" -- "$cur")
		case " ${COMP_WORDS[*]} " in *" diff "*) _postern_files "$cur" ;; esac
	elif [ "$command" = state ]; then
		mapfile -t COMPREPLY < <(compgen -W "show check backup vacuum" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && _postern_files "$cur"
	elif [ "$command" = response ]; then
		if [ "$COMP_CWORD" -le 2 ]; then
			mapfile -t COMPREPLY < <(compgen -W "list show run undo" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" response list 2>/dev/null | grep -o '^[0-9a-f]\{16\}')" -- "$cur")
		fi
	elif [ "$command" = provider ]; then
		mapfile -t COMPREPLY < <(compgen -W "add list show suspend resume import" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" provider list 2>/dev/null | cut -d' ' -f1)" -- "$cur")
	elif [ "$command" = person ]; then
		mapfile -t COMPREPLY < <(compgen -W "add key list show suspend resume" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" person list 2>/dev/null | cut -d' ' -f1)" -- "$cur")
		[ "$prev" = add ] && [ "$COMP_CWORD" -gt 3 ] && _postern_files "$cur"
	elif [ "$command" = mfa ]; then
		mapfile -t COMPREPLY < <(compgen -W "enroll confirm status codes reset clock coverage" -- "$cur")
		case $prev in
		enroll | confirm | status | codes | reset)
			mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" person list 2>/dev/null | cut -d' ' -f1)" -- "$cur")
			;;
		coverage) _postern_files "$cur" ;;
		esac
	elif [ "$command" = session ]; then
		mapfile -t COMPREPLY < <(compgen -W "list show play search verify end" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" session list 2>/dev/null | grep -o '^S-[^ ]*')" -- "$cur")
	elif [ "$command" = grant ]; then
		mapfile -t COMPREPLY < <(compgen -W "request list show approve refuse revoke restore extend explain emergency trust-clock" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" grant list --all 2>/dev/null | cut -d' ' -f1)" -- "$cur")
	elif [ "$command" = lesson ]; then
		mapfile -t COMPREPLY < <(compgen -W "list check assign status export import remind forget" -- "$cur")
		case $prev in
		check | import) _postern_files "$cur" ;;
		assign) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" lesson list 2>/dev/null | cut -d' ' -f1)" -- "$cur") ;;
		esac
	elif [ "$command" = console ]; then
		mapfile -t COMPREPLY < <(compgen -W "user" -- "$cur")
		[ "$prev" = user ] && mapfile -t COMPREPLY < <(compgen -W "add list password invite remove reset import" -- "$cur")
		[ "$prev" = import ] && _postern_files "$cur"
	elif [ "$command" = quarantine ]; then
		mapfile -t COMPREPLY < <(compgen -W "list show release delete" -- "$cur")
		[ "$COMP_CWORD" -gt 2 ] && mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" quarantine list 2>/dev/null | grep -o '^[0-9][^ ]*')" -- "$cur")
	elif [ "$command" = release ]; then
		mapfile -t COMPREPLY < <(compgen -W "sign verify list restore delete watch" -- "$cur")
		if [ "$prev" = restore ] || [ "$prev" = delete ]; then
			mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" release list 2>/dev/null | grep -o '^[0-9][^ ]*')" -- "$cur")
		elif [ "$COMP_CWORD" -gt 2 ]; then
			_postern_files "$cur"
		fi
	elif [ "$command" != version ]; then
		_postern_files "$cur"
	fi
}
complete -F _postern postern

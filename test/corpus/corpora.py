"""Where the corpora of others lie, and how `postern decode` is asked about their lines."""
import collections, json, os, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def folder(name):
    """The folder of one corpus; ends the test as skipped where it is absent."""
    base = os.environ.get('POSTERN_CORPORA') or os.path.join(os.path.dirname(ROOT), 'shared', 'corpora')
    path = os.path.join(base, name)
    if not os.path.isdir(path):
        print(f'{path} is not there (set POSTERN_CORPORA to the folder of corpora)')
        sys.exit(77)
    return path


def decode(postern, path, tz='UTC'):
    """Events of a file, by the offset of their line."""
    out = subprocess.run([postern, 'decode', '--tz', tz, path], capture_output=True, check=True).stdout
    events = collections.defaultdict(list)
    for line in out.decode('utf-8').split('\n'):
        if line:
            e = json.loads(line)
            events[e['log']['offset']].append(e)
    return events


def decode_lines(postern, lines, name='lines.log'):
    """Events of each of the lines (bytes), as a list of lists."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, name)
        with open(path, 'wb') as f:
            f.write(b''.join(line + b'\n' for line in lines))
        events = decode(postern, path)
    result, at = [], 0
    for line in lines:
        result.append(events.get(at, []))
        at += len(line) + 1
    return result

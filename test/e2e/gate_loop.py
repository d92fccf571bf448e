#!/usr/bin/env python3
"""The closed loop once through, three times: a line in a log ends a provider's session. script/gate-loop measures it. usage: gate_loop.py POSTERN"""
import os
import sys

os.execv(sys.executable, [sys.executable, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "gate", "loop.py"), sys.argv[1], "3"])

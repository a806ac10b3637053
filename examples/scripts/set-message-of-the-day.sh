#!/bin/sh
# Runs as root in the build VM, after the File customizer has put the text under /tmp.
set -eu
install -o root -g root -m 0644 /tmp/message-of-the-day.txt /etc/motd
rm /tmp/message-of-the-day.txt

#!/bin/sh
# Runs in the guest of the demonstration.
exec /usr/bin/secret

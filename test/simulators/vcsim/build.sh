#!/bin/sh
# Builds the simulator into the file that is its argument, unless it is there: from Debian's golang-go and golang-github-vmware-govmomi-dev.
set -e
out=$1
here=$(cd "$(dirname "$0")" && pwd)
govmomi=${GOVMOMI:-/usr/share/gocode/src/github.com/vmware/govmomi}
simulator=$govmomi/simulator
work=$(dirname "$out")
mkdir -p "$work/patched"
exec 9>"$work/lock"
flock 9
if [ -x "$out" ]; then exit 0; fi

# Five places of govmomi's own that lead to the overlay.
patch() { # file, sed script, text that must be there afterwards
  sed "$2" "$simulator/$1" >"$work/patched/$1"
  grep -q "$3" "$work/patched/$1" || { echo "$1 of govmomi is not as it was: $3" >&2; exit 1; }
}
patch virtual_machine.go 's/snapshot.Config = \*vm.Config/snapshot.Config = rehostSnapConfig(vm)/
/task := CreateTask(vm, "createSnapshot"/a\
		if fault := rehostSnapshotFault(vm, req); fault != nil {\
			return nil, fault\
		}' rehostSnapshotFault
grep -q rehostSnapConfig "$work/patched/virtual_machine.go"
patch snapshot.go 's/^\t\tMap.Remove(req.This)/&\n\t\trehostConsolidate(Map.Get(v.Vm).(*VirtualMachine))/' rehostConsolidate
patch property_collector.go 's/^func (pc \*PropertyCollector) RetrievePropertiesEx(/func (pc *PropertyCollector) rehostRetrieveAll(/' rehostRetrieveAll
patch authorization_manager.go 's/IsGranted: true,/IsGranted: rehostGranted(id),/' rehostGranted

separator='{"Replace":{'
replace() { # file of govmomi's, file that stands for it
  printf '%s"%s":"%s"' "$separator" "$simulator/$1" "$2"
  separator=,
}
{
  for file in virtual_machine.go snapshot.go property_collector.go authorization_manager.go; do replace "$file" "$work/patched/$file"; done
  for file in "$here"/overlay/*.go; do replace "$(basename "$file")" "$file"; done
  printf '}}'
} >"$work/overlay.json"

cd "$here"
# The files as arguments: Go looks for no module then.
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=${GOCACHE:-$(dirname "$work")/rehost-go-cache} GOFLAGS= \
  go build -overlay "$work/overlay.json" -o "$out.new" main.go certificate.go
mv "$out.new" "$out"

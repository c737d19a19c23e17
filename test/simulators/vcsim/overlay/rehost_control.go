package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// What a test changes of a virtual machine.
type vmChange struct {
	VM                                   string
	PoweredOff, ToolsMissing, NoTracking bool
	Encrypted, RDM, Independent, Shared  bool
	Fragmented                           bool
	Firmware                             string
	AddDisk, Grow                        int64
}

// RehostControl is what tests do to the simulator that no client of vCenter can.
func RehostControl(s *Service) http.Handler {
	mux := http.NewServeMux()
	on(mux, "/soap-fault", func(f *soapFaultSwitch) (interface{}, error) {
		switches.Lock()
		defer switches.Unlock()
		switches.soap = append(switches.soap, f)
		return nil, nil
	})
	on(mux, "/task-fault", func(f *soapFaultSwitch) (interface{}, error) {
		switches.Lock()
		defer switches.Unlock()
		switches.task = append(switches.task, f)
		return nil, nil
	})
	on(mux, "/http-fault", func(f *httpFaultSwitch) (interface{}, error) {
		switches.Lock()
		defer switches.Unlock()
		switches.http = append(switches.http, f)
		return nil, nil
	})
	on(mux, "/revoke", func(privileges *[]string) (interface{}, error) {
		switches.Lock()
		defer switches.Unlock()
		switches.revoked = map[string]bool{}
		for _, privilege := range *privileges {
			switches.revoked[privilege] = true
		}
		return nil, nil
	})
	on(mux, "/counts", func(*struct{}) (interface{}, error) {
		switches.Lock()
		defer switches.Unlock()
		counts := switches.counts
		switches.counts = map[string]int{}
		return counts, nil
	})
	on(mux, "/reset-tracking", func(o *struct{ KeepUUID bool }) (interface{}, error) {
		resetTracking(o.KeepUUID)
		return nil, nil
	})
	on(mux, "/expire-sessions", func(*struct{}) (interface{}, error) {
		sessionMutex.Lock()
		defer sessionMutex.Unlock()
		n := len(s.sm.sessions)
		s.sm.sessions = make(map[string]Session)
		return n, nil
	})
	on(mux, "/leases", func(o *struct {
		Expire           bool
		Timeout          int32
		PauseMs          int
		Host, Thumbprint string
	}) (interface{}, error) {
		if o.Host != "" {
			leaseHost = o.Host
		}
		if o.Thumbprint != "" {
			leaseThumbprint = o.Thumbprint
		}
		if o.Expire {
			expireLeases()
		}
		if o.Timeout > 0 {
			leaseTimeout = o.Timeout
		}
		switches.Lock()
		switches.exportPause = time.Duration(o.PauseMs) * time.Millisecond
		switches.Unlock()
		open := 0
		nfcLease.Range(func(_, _ interface{}) bool { open++; return true })
		return open, nil
	})
	on(mux, "/vm", func(c *vmChange) (answer interface{}, err error) {
		vm, err := vmNamed(c.VM)
		if err != nil {
			return nil, err
		}
		Map.WithLock(vm, func() {
			if err = c.apply(vm); err == nil {
				answer = stateOf(vm)
			}
		})
		return answer, err
	})
	mux.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
		vm, err := vmNamed(r.URL.Query().Get("vm"))
		if err == nil {
			disk, _ := strconv.Atoi(r.URL.Query().Get("disk"))
			offset, _ := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
			data, _ := io.ReadAll(r.Body)
			Map.WithLock(vm, func() { err = vm.guestWrite(disk, offset, data) })
		}
		answer(w, nil, err)
	})
	return mux
}

func on[In any](mux *http.ServeMux, path string, do func(*In) (interface{}, error)) {
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		in := new(In)
		if err := json.NewDecoder(r.Body).Decode(in); err != nil {
			answer(w, nil, err)
			return
		}
		result, err := do(in)
		answer(w, result, err)
	})
}

func answer(w http.ResponseWriter, result interface{}, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	json.NewEncoder(w).Encode(result)
}

func vmNamed(name string) (*VirtualMachine, error) {
	for _, e := range Map.All("VirtualMachine") {
		if vm := e.(*VirtualMachine); vm.Name == name {
			return vm, nil
		}
	}
	return nil, fmt.Errorf("no virtual machine %s", name)
}

func (c *vmChange) apply(vm *VirtualMachine) error {
	first := disksOf(vm)[0]
	backing, isFlat := first.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if c.PoweredOff {
		vm.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff
	}
	if c.ToolsMissing {
		vm.Guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)
	}
	if c.NoTracking {
		vm.Capability.ChangeTrackingSupported = types.NewBool(false)
	}
	if c.Fragmented {
		vm.Runtime.ConsolidationNeeded = types.NewBool(true)
	}
	if c.Firmware != "" {
		vm.Config.Firmware = c.Firmware
	}
	if c.Encrypted {
		vm.Config.KeyId = &types.CryptoKeyId{KeyId: "key-1"}
	}
	if c.Independent && isFlat {
		backing.DiskMode = string(types.VirtualDiskModeIndependent_persistent)
	}
	if c.Shared && isFlat {
		backing.Sharing = string(types.VirtualDiskSharingSharingMultiWriter)
	}
	if c.RDM && isFlat {
		first.Backing = &types.VirtualDiskRawDiskMappingVer1BackingInfo{
			VirtualDeviceFileBackingInfo: backing.VirtualDeviceFileBackingInfo,
			CompatibilityMode:            string(types.VirtualDiskCompatibilityModePhysicalMode),
		}
	}
	if c.AddDisk > 0 {
		return vm.addDisk(c.AddDisk)
	}
	if c.Grow > 0 {
		return vm.resize(first, c.Grow)
	}
	return nil
}

func stateOf(vm *VirtualMachine) interface{} {
	paths := []string{}
	for _, disk := range disksOf(vm) {
		paths = append(paths, vm.diskPath(disk))
	}
	snapshots := []string{}
	if vm.Snapshot != nil {
		names(vm.Snapshot.RootSnapshotList, &snapshots)
	}
	return map[string]interface{}{"id": vm.Self.Value, "disks": paths, "snapshots": snapshots}
}

func names(tree []types.VirtualMachineSnapshotTree, into *[]string) {
	for _, t := range tree {
		*into = append(*into, t.Name)
		names(t.ChildSnapshotList, into)
	}
}

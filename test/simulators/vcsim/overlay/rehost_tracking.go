package simulator

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Changed-block tracking: each snapshot of a tracked disk keeps the digests of the disk's grains.
const cbtGrain = 65536

var tracking = struct {
	sync.Mutex
	sequence int64
	uuid     int64
	grains   map[string]map[int64][32]byte // by change id
	active   map[string]bool               // virtual machines that had a snapshot since tracking was enabled
}{grains: map[string]map[int64][32]byte{}, active: map[string]bool{}}

func (vm *VirtualMachine) flatPath(name string) string {
	var p object.DatastorePath
	p.FromString(name)
	ds := vm.findDatastore(p.Datastore)
	return path.Join(ds.Info.GetDatastoreInfo().Url, strings.TrimSuffix(p.Path, ".vmdk")+"-flat.vmdk")
}

func grainsOf(file string) map[int64][32]byte {
	out := map[int64][32]byte{}
	f, err := os.Open(file)
	if err != nil {
		return out
	}
	defer f.Close()
	buf := make([]byte, cbtGrain)
	var off int64
	for {
		d, err := f.Seek(off, 3) // SEEK_DATA
		if err != nil {
			return out
		}
		off = d / cbtGrain * cbtGrain
		n, err := f.ReadAt(buf, off)
		if n == 0 {
			return out
		}
		out[off/cbtGrain] = sha256.Sum256(buf[:n])
		off += cbtGrain
		if err == io.EOF {
			return out
		}
	}
}

// What a snapshot keeps of the configuration: copies of the disks, with change ids. As on ESXi, tracking begins with the first snapshot after it was enabled.
func rehostSnapConfig(vm *VirtualMachine) types.VirtualMachineConfigInfo {
	tracking.Lock()
	defer tracking.Unlock()
	enabled := vm.Config.ChangeTrackingEnabled != nil && *vm.Config.ChangeTrackingEnabled
	active := enabled && tracking.active[vm.Self.Value]
	tracking.active[vm.Self.Value] = enabled
	cfg := *vm.Config
	devs := make([]types.BaseVirtualDevice, len(cfg.Hardware.Device))
	for i, d := range cfg.Hardware.Device {
		devs[i] = d
		disk, ok := d.(*types.VirtualDisk)
		if !ok {
			continue
		}
		nd := *disk
		if b, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			nb := *b
			if active {
				tracking.sequence++
				nb.ChangeId = fmt.Sprintf("52 de ad be ef %02d/%d", tracking.uuid, tracking.sequence)
				tracking.grains[nb.ChangeId] = grainsOf(vm.flatPath(b.FileName))
			}
			nd.Backing = &nb
		}
		devs[i] = &nd
	}
	cfg.Hardware.Device = devs
	return cfg
}

// Forgets all changes, as a host does that was cut off its power; or says of them that they are not known.
func resetTracking(keepUUID bool) {
	tracking.Lock()
	defer tracking.Unlock()
	tracking.grains = map[string]map[int64][32]byte{}
	if !keepUUID {
		tracking.uuid++
	}
}

func (vm *VirtualMachine) QueryChangedDiskAreas(req *types.QueryChangedDiskAreas) soap.HasFault {
	body := &methods.QueryChangedDiskAreasBody{}
	cfg := vm.Config
	if req.Snapshot != nil {
		s, ok := Map.Get(*req.Snapshot).(*VirtualMachineSnapshot)
		if !ok {
			body.Fault_ = Fault("", &types.ManagedObjectNotFound{Obj: *req.Snapshot})
			return body
		}
		cfg = &s.Config
	}
	for _, d := range cfg.Hardware.Device {
		if disk, ok := d.(*types.VirtualDisk); ok && disk.Key == req.DeviceKey {
			body.Res, body.Fault_ = changedAreas(disk, req)
			return body
		}
	}
	body.Fault_ = Fault("", &types.InvalidArgument{InvalidProperty: "deviceKey"})
	return body
}

func changedAreas(disk *types.VirtualDisk, req *types.QueryChangedDiskAreas) (*types.QueryChangedDiskAreasResponse, *soap.Fault) {
	tracking.Lock()
	defer tracking.Unlock()
	b := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	end, ok := tracking.grains[b.ChangeId]
	if !ok {
		return nil, Fault("Change tracking is not enabled", &types.FileFault{File: b.FileName})
	}
	base := map[int64][32]byte{}
	if req.ChangeId != "*" {
		if base, ok = tracking.grains[req.ChangeId]; !ok {
			return nil, Fault("A specified parameter was not correct: changeId", &types.InvalidArgument{InvalidProperty: "changeId"})
		}
	}
	res := types.DiskChangeInfo{StartOffset: req.StartOffset}
	g := req.StartOffset / cbtGrain
	for ; g*cbtGrain < disk.CapacityInBytes && len(res.ChangedArea) < 100; g++ {
		h, a := end[g]
		h0, a0 := base[g]
		if a == a0 && h == h0 {
			continue
		}
		length := int64(cbtGrain)
		if rest := disk.CapacityInBytes - g*cbtGrain; rest < length {
			length = rest
		}
		n := len(res.ChangedArea)
		if n > 0 && res.ChangedArea[n-1].Start+res.ChangedArea[n-1].Length == g*cbtGrain {
			res.ChangedArea[n-1].Length += length
		} else {
			res.ChangedArea = append(res.ChangedArea, types.DiskChangeExtent{Start: g * cbtGrain, Length: length})
		}
	}
	res.Length = g*cbtGrain - req.StartOffset
	if req.StartOffset+res.Length > disk.CapacityInBytes {
		res.Length = disk.CapacityInBytes - req.StartOffset
	}
	return &types.QueryChangedDiskAreasResponse{Returnval: res}, nil
}

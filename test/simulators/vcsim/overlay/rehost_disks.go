package simulator

import (
	"fmt"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Bytes that the guest wrote since its first snapshot: the base stays as it is until the last snapshot goes.
type guestWrite struct {
	path   string
	offset int64
	data   []byte
}

var pending = struct {
	sync.Mutex
	writes map[string][]guestWrite // by virtual machine
}{writes: map[string][]guestWrite{}}

// RehostPrepare gives all disks the capacity, and sparse files of that size.
func RehostPrepare(capacity int64) error {
	for _, e := range Map.All("VirtualMachine") {
		vm := e.(*VirtualMachine)
		vm.Guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
		for i, disk := range disksOf(vm) {
			disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).Uuid = fmt.Sprintf("6000C29%d-%s", i, vm.Config.Uuid)
			if err := vm.resize(disk, capacity); err != nil {
				return err
			}
		}
	}
	for _, e := range Map.All("VirtualApp") {
		prepareApp(e.(*VirtualApp))
	}
	return nil
}

// As in vCenter: a vApp is in a folder, its machines are in it and in no folder, and they start one after the other.
func prepareApp(app *VirtualApp) {
	app.VAppConfig = &types.VAppConfigInfo{Annotation: "orders & <more>"}
	for i, ref := range app.Vm {
		vm := Map.Get(ref).(*VirtualMachine)
		folder := Map.Get(*vm.Parent).(*Folder)
		if i == 0 {
			app.ParentFolder = &folder.Self
			folder.ChildEntity = append(folder.ChildEntity, app.Self)
		}
		children := folder.ChildEntity[:0]
		for _, child := range folder.ChildEntity {
			if child != ref {
				children = append(children, child)
			}
		}
		folder.ChildEntity = children
		vm.Parent, vm.ParentVApp = nil, &app.Self
		key := ref
		app.VAppConfig.EntityConfig = append(app.VAppConfig.EntityConfig, types.VAppEntityConfigInfo{Key: &key, StartOrder: int32(i + 1)})
	}
}

func disksOf(vm *VirtualMachine) (disks []*types.VirtualDisk) {
	for _, d := range vm.Config.Hardware.Device {
		if disk, ok := d.(*types.VirtualDisk); ok {
			disks = append(disks, disk)
		}
	}
	return
}

func (vm *VirtualMachine) diskPath(disk *types.VirtualDisk) string {
	return vm.flatPath(disk.Backing.(types.BaseVirtualDeviceFileBackingInfo).GetVirtualDeviceFileBackingInfo().FileName)
}

func (vm *VirtualMachine) resize(disk *types.VirtualDisk, capacity int64) error {
	disk.CapacityInBytes = capacity
	disk.CapacityInKB = capacity / 1024
	f, err := os.OpenFile(vm.diskPath(disk), os.O_CREATE|os.O_WRONLY, 0600)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(capacity)
}

// Another disk on the controller of the first, with a file beside it.
func (vm *VirtualMachine) addDisk(capacity int64) error {
	first := disksOf(vm)[0]
	n := int32(len(disksOf(vm)))
	disk, backing := *first, *first.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	unit := n
	if unit >= 7 { // where the controller itself is
		unit++
	}
	disk.Key = 2000 + unit
	disk.UnitNumber = &unit
	disk.DeviceInfo = &types.Description{Label: fmt.Sprintf("Hard disk %d", n+1), Summary: "added"}
	backing.FileName = strings.TrimSuffix(backing.FileName, path.Ext(backing.FileName)) + fmt.Sprintf("_%d.vmdk", n)
	backing.Uuid = fmt.Sprintf("6000C29%d-%s", n, vm.Config.Uuid)
	disk.Backing = &backing
	vm.Config.Hardware.Device = append(vm.Config.Hardware.Device, &disk)
	return vm.resize(&disk, capacity)
}

// A write of the guest: into the base, or kept back where a snapshot holds it.
func (vm *VirtualMachine) guestWrite(disk int, offset int64, data []byte) error {
	w := guestWrite{vm.diskPath(disksOf(vm)[disk]), offset, data}
	if vm.Snapshot == nil {
		return w.apply()
	}
	pending.Lock()
	defer pending.Unlock()
	pending.writes[vm.Self.Value] = append(pending.writes[vm.Self.Value], w)
	return nil
}

func (w guestWrite) apply() error {
	f, err := os.OpenFile(w.path, os.O_WRONLY, 0600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(w.data, w.offset)
	return err
}

// Brings what was kept back into the base once there is no snapshot any more.
func rehostConsolidate(vm *VirtualMachine) {
	if vm.Snapshot != nil {
		return
	}
	pending.Lock()
	defer pending.Unlock()
	for _, w := range pending.writes[vm.Self.Value] {
		w.apply()
	}
	delete(pending.writes, vm.Self.Value)
}

func (vm *VirtualMachine) ConsolidateVMDisksTask(req *types.ConsolidateVMDisks_Task) soap.HasFault {
	task := CreateTask(vm, "consolidateVMDisks", func(t *Task) (types.AnyType, types.BaseMethodFault) {
		vm.Runtime.ConsolidationNeeded = types.NewBool(false)
		return nil, nil
	})
	return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: task.Run()}}
}

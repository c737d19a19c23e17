package simulator

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Seconds of a lease that nobody renews. It is only told: leases end when a test says so.
var leaseTimeout int32 = 300

// SHA-1 of the certificate, as leases name the one of the host that serves their disks, and that host: `*` is vCenter itself.
var leaseThumbprint, leaseHost = "", "*"

func (v *VirtualMachineSnapshot) ExportSnapshot(ctx *Context, req *types.ExportSnapshot) soap.HasFault {
	vm := Map.Get(v.Vm).(*VirtualMachine)
	lease := NewHttpNfcLease(ctx, vm.Self)
	lease.Info.Lease = lease.Reference()
	lease.Info.LeaseTimeout = leaseTimeout
	for i, disk := range disksOf(vm) {
		name := fmt.Sprintf("disk-%d.vmdk", i)
		lease.files[name] = vm.diskPath(disk)
		lease.Info.DeviceUrl = append(lease.Info.DeviceUrl, types.HttpNfcLeaseDeviceUrl{
			Key:           fmt.Sprintf("/%s/%s%d:%d", vm.Self.Value, "ParaVirtualSCSIController", 0, *disk.UnitNumber),
			Url:           (&url.URL{Scheme: "https", Host: leaseHost, Path: nfcPrefix + path.Join(lease.Self.Value, name)}).String(),
			SslThumbprint: leaseThumbprint,
			Disk:          types.NewBool(true),
			TargetId:      name,
		})
	}
	return &methods.ExportSnapshotBody{Res: &types.ExportSnapshotResponse{Returnval: lease.Self}}
}

// Ends all leases: their disks are served no more, and their state says so.
func expireLeases() {
	nfcLease.Range(func(ref, l interface{}) bool {
		lease := l.(*HttpNfcLease)
		lease.State = types.HttpNfcLeaseStateError
		lease.Error = &types.LocalizedMethodFault{Fault: &types.Timedout{}, LocalizedMessage: "The lease has timed out."}
		nfcLease.Delete(ref)
		return true
	})
}

// Serves a disk of a lease as a streamOptimized VMDK.
func serveExport(w http.ResponseWriter, r *http.Request) {
	p := strings.Split(r.URL.Path, "/")
	l, ok := nfcLease.Load(types.ManagedObjectReference{Type: "HttpNfcLease", Value: p[len(p)-2]})
	if !ok || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	f, err := os.Open(l.(*HttpNfcLease).files[p[len(p)-1]])
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	writeStream(w, f)
}

const (
	sector    = 512
	grainSize = 65536
	perTable  = 512
)

type streamWriter struct {
	io.Writer
	at int64
}

func (s *streamWriter) sectors(data []byte) {
	padded := make([]byte, (len(data)+sector-1)/sector*sector)
	copy(padded, data)
	n, err := s.Write(padded)
	s.at += int64(n)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// Metadata with the marker that announces it: its kind, and how many sectors it has.
func (s *streamWriter) metadata(kind uint32, data []byte) int64 {
	marker := make([]byte, sector)
	binary.LittleEndian.PutUint64(marker, uint64((len(data)+sector-1)/sector))
	binary.LittleEndian.PutUint32(marker[12:], kind)
	s.sectors(marker)
	position := s.at / sector
	s.sectors(data)
	return position
}

// The format of VMware's own exports: grains, a table after each 512 of them, the directory, a footer, the end. (Virtual Disk Format 1.1)
func writeStream(w io.Writer, f *os.File) {
	info, _ := f.Stat()
	s := &streamWriter{Writer: w}
	s.sectors(sparseHeader(info.Size(), -1))
	descriptor := make([]byte, 127*sector)
	copy(descriptor, fmt.Sprintf("# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"streamOptimized\"\n\nRW %d SPARSE \"disk.vmdk\"\n", info.Size()/sector))
	s.sectors(descriptor)
	tables := (info.Size() + grainSize*perTable - 1) / (grainSize * perTable)
	directory := make([]byte, tables*4)
	for t := int64(0); t < tables; t++ {
		if table := s.grains(f, t*perTable); table != nil {
			binary.LittleEndian.PutUint32(directory[t*4:], uint32(s.metadata(1, table)))
		}
	}
	position := s.metadata(2, directory)
	s.metadata(3, sparseHeader(info.Size(), position))
	s.sectors(make([]byte, sector))
}

// The grains of one table that are not all zeros; nil when there are none.
func (s *streamWriter) grains(f *os.File, first int64) (table []byte) {
	data := make([]byte, grainSize)
	zeros := make([]byte, grainSize)
	for g := first; g < first+perTable; g++ {
		n, _ := f.ReadAt(data, g*grainSize)
		if n == 0 {
			return
		}
		copy(data[n:], zeros)
		if bytes.Equal(data, zeros) {
			continue
		}
		if table == nil {
			table = make([]byte, perTable*4)
		}
		binary.LittleEndian.PutUint32(table[(g-first)*4:], uint32(s.at/sector))
		exportPause()
		var grain bytes.Buffer
		binary.Write(&grain, binary.LittleEndian, uint64(g*grainSize/sector))
		binary.Write(&grain, binary.LittleEndian, uint32(0))
		z, _ := zlib.NewWriterLevel(&grain, 1)
		z.Write(data)
		z.Close()
		binary.LittleEndian.PutUint32(grain.Bytes()[8:], uint32(grain.Len()-12))
		s.sectors(grain.Bytes())
	}
	return
}

func sparseHeader(size, directory int64) []byte {
	h := make([]byte, sector)
	le := binary.LittleEndian
	copy(h, "KDMV")
	le.PutUint32(h[4:], 3)
	le.PutUint32(h[8:], 0x30001) // line ends are checked, compressed, with markers
	le.PutUint64(h[12:], uint64(size/sector))
	le.PutUint64(h[20:], grainSize/sector)
	le.PutUint64(h[28:], 1)
	le.PutUint64(h[36:], 20)
	le.PutUint32(h[44:], perTable)
	le.PutUint64(h[56:], uint64(directory))
	le.PutUint64(h[64:], 128)
	copy(h[73:], "\n \r\n")
	le.PutUint16(h[77:], 1)
	return h
}

func exportPause() {
	switches.Lock()
	pause := switches.exportPause
	switches.Unlock()
	time.Sleep(pause)
}

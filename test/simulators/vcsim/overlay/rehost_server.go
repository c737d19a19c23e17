package simulator

import (
	"bytes"
	"crypto/sha1"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A fault that the next calls of a method get, those of them whose body has the text.
type soapFaultSwitch struct {
	Method, Contains, Type, Message string
	Count                           int
}

// A status that the next requests get whose path begins so.
type httpFaultSwitch struct {
	Prefix string
	Status int
	Count  int
}

var switches = struct {
	sync.Mutex
	soap        []*soapFaultSwitch
	task        []*soapFaultSwitch
	http        []*httpFaultSwitch
	revoked     map[string]bool
	exportPause time.Duration
	counts      map[string]int
}{revoked: map[string]bool{}, counts: map[string]int{}}

var methodName = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)

// RehostHandler is the simulator behind its switches, with a check of the session where files are served.
func RehostHandler(s *Service, certificate []byte) http.Handler {
	block, _ := pem.Decode(certificate)
	var pairs []string
	for _, b := range sha1.Sum(block.Bytes) {
		pairs = append(pairs, fmt.Sprintf("%02X", b))
	}
	leaseThumbprint = strings.Join(pairs, ":")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := httpFault(r.URL.Path); status != 0 {
			w.WriteHeader(status)
			return
		}
		switch {
		case strings.HasPrefix(r.URL.Path, nfcPrefix):
			count("nfc")
			serveExport(w, r)
		case strings.HasPrefix(r.URL.Path, folderPrefix) && !hasSession(s, r):
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/sdk":
			serveSDK(s, w, r)
		default:
			count(strings.SplitN(r.URL.Path, "/", 3)[1])
			s.ServeMux.ServeHTTP(w, r)
		}
	})
}

func serveSDK(s *Service, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	name := ""
	if m := methodName.FindSubmatch(body); m != nil {
		name = string(m[1])
	}
	count(name)
	if f := take(&switches.soap, name, string(body)); f != nil {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>%s</faultstring><detail><%sFault xmlns="urn:vim25" xsi:type="%s"></%sFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`, f.Message, f.Type, f.Type, f.Type)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.ServeMux.ServeHTTP(w, r)
}

func hasSession(s *Service, r *http.Request) bool {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return false
	}
	_, ok := s.sm.getSession(strings.Trim(cookie.Value, `"`))
	return ok
}

func count(name string) {
	switches.Lock()
	defer switches.Unlock()
	switches.counts[name]++
}

func take(list *[]*soapFaultSwitch, name, body string) *soapFaultSwitch {
	switches.Lock()
	defer switches.Unlock()
	for _, f := range *list {
		if f.Method == name && f.Count > 0 && strings.Contains(body, f.Contains) {
			f.Count--
			return f
		}
	}
	return nil
}

func httpFault(path string) int {
	switches.Lock()
	defer switches.Unlock()
	for _, f := range switches.http {
		if f.Count > 0 && strings.HasPrefix(path, f.Prefix) {
			f.Count--
			return f.Status
		}
	}
	return 0
}

// The fault of a task that makes a snapshot, if one was asked for.
func rehostSnapshotFault(vm *VirtualMachine, req *types.CreateSnapshot_Task) types.BaseMethodFault {
	f := take(&switches.task, "CreateSnapshot_Task", fmt.Sprintf("vm=%s quiesce=%t", vm.Name, req.Quiesce))
	switch {
	case f == nil:
		return nil
	case f.Type == "ApplicationQuiesceFault":
		return &types.ApplicationQuiesceFault{}
	}
	return &types.GenericVmConfigFault{Reason: f.Message}
}

func rehostGranted(privilege string) bool {
	switches.Lock()
	defer switches.Unlock()
	return !switches.revoked[privilege]
}

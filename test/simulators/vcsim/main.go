// A vCenter to test against: govmomi's simulator with Rehost's overlay. Prints one JSON line with its addresses, and ends when its input does.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	vms := flag.Int("vm", 2, "virtual machines")
	apps := flag.Int("app", 0, "vApps")
	mib := flag.Int64("mib", 4, "capacity of a disk in MiB")
	flag.Parse()
	log.SetOutput(io.Discard)

	model := simulator.VPX()
	model.Host = 0
	model.Machine = *vms
	model.App = *apps
	must(model.Create())
	must(simulator.RehostPrepare(*mib << 20))
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("rehost@vsphere.local", "s3cret & <co>")}
	model.Service.NewServer()

	tlsConfig, certificate, err := selfSigned()
	must(err)
	vcenter, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	control, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	server := &http.Server{Handler: simulator.RehostHandler(model.Service, certificate), TLSConfig: tlsConfig}
	go server.ServeTLS(vcenter, "", "")
	go http.Serve(control, simulator.RehostControl(model.Service))

	line, _ := json.Marshal(map[string]string{
		"url":         "https://" + vcenter.Addr().String(),
		"control":     "http://" + control.Addr().String(),
		"certificate": string(certificate),
	})
	fmt.Println(string(line))
	io.Copy(io.Discard, os.Stdin)
	model.Remove()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

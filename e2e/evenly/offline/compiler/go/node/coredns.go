package main

import (
	"flag"

	// The plugins that kubeadm's Corefile names, and no more: each costs time to compile.
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
)

// forgetFlagsOfCoreDNS takes CoreDNS's flags out of the process-wide set.
//
// CoreDNS registers them as soon as it is linked in, and the Kubernetes commands adopt whatever is in that set: -p and
// --version would then be defined twice.
func forgetFlagsOfCoreDNS() {
	ofCoreDNS := map[string]bool{
		"conf": true, "plugins": true, "pidfile": true, "version": true, "quiet": true, "dns.port": true, "p": true,
	}
	kept := flag.NewFlagSet(flag.CommandLine.Name(), flag.ExitOnError)
	flag.VisitAll(func(f *flag.Flag) {
		if !ofCoreDNS[f.Name] {
			kept.Var(f.Value, f.Name, f.Usage)
		}
	})
	flag.CommandLine = kept
}

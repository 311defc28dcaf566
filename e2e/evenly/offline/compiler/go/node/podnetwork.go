package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

const configFile = "/etc/cni/net.d/10-pod-network.conflist"

// Each pod gets a veth pair of its own, an address out of its node's share, and its hostPorts.
const configTemplate = `{
  "cniVersion": "0.3.1",
  "name": "pod-network",
  "plugins": [
    {"type": "ptp", "ipam": {
      "type": "host-local", "dataDir": "/run/cni-ipam-state",
      "routes": [{"dst": "0.0.0.0/0"}], "ranges": [[{"subnet": "%s"}]]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`

// What leaves the pod subnet takes the node's address, since nobody outside has a route back to a pod.
const masqueradeTemplate = `table ip pod-network {}
flush table ip pod-network
table ip pod-network {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr %[1]s ip daddr != %[1]s fib daddr type != local masquerade
  }
}
`

// runPodNetwork joins the pods of all nodes, IPv4 only: it does what kindnetd does in kind's own images.
//
// A failure ends the process; the kubelet starts it again.
func runPodNetwork() {
	if err := masquerade(os.Getenv("POD_SUBNET")); err != nil {
		klog.Fatal(err)
	}
	client, err := apiClient()
	if err != nil {
		klog.Fatal(err)
	}
	awaitServices()
	follow := func(object any) {
		if err := connect(object.(*corev1.Node), os.Getenv("NODE_NAME")); err != nil {
			klog.Fatal(err)
		}
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	if _, err := factory.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    follow,
		UpdateFunc: func(_, node any) { follow(node) },
	}); err != nil {
		klog.Fatal(err)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	factory.Start(make(chan struct{}))
	<-ended
}

// apiClient speaks to the control plane itself, since the Service's address works only after kube-proxy does.
func apiClient() (kubernetes.Interface, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	config.Host = "https://" + os.Getenv("CONTROL_PLANE_ENDPOINT")
	return kubernetes.NewForConfig(config)
}

// awaitServices holds the node back until kube-proxy has written its rules, for ten seconds at most.
//
// A pod that starts earlier sends its first packet to a Service nowhere, and all it repeats on that connection the same way:
// CoreDNS would answer only when its dial has timed out, half a minute later.
func awaitServices() {
	address := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	attempts := time.NewTicker(250 * time.Millisecond)
	defer attempts.Stop()
	for limit := time.After(10 * time.Second); ; {
		if connection, err := net.DialTimeout("tcp", address, 200*time.Millisecond); err == nil {
			connection.Close()
			return
		}
		select {
		case <-limit:
			klog.Warningf("the API server's Service %s does not answer; going on without", address)
			return
		case <-attempts.C:
		}
	}
}

// connect gives our own node its CNI configuration, and any other node's pods a route through that node.
func connect(node *corev1.Node, self string) error {
	if node.Spec.PodCIDR == "" {
		return nil // not allocated yet; the update that brings it calls again
	}
	if node.Name == self {
		return configure(node.Spec.PodCIDR)
	}
	_, pods, err := net.ParseCIDR(node.Spec.PodCIDR)
	if err != nil {
		return err
	}
	for _, address := range node.Status.Addresses {
		if address.Type != corev1.NodeInternalIP {
			continue
		}
		route := &netlink.Route{Dst: pods, Gw: net.ParseIP(address.Address)}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route to the pods of %s by %s: %w", node.Name, address.Address, err)
		}
		return nil
	}
	return nil
}

// configure renames a finished file into place, since the container runtime reads it the moment it appears.
func configure(podCIDR string) error {
	unfinished := filepath.Join(filepath.Dir(configFile), ".pod-network")
	if err := os.WriteFile(unfinished, fmt.Appendf(nil, configTemplate, podCIDR), 0o644); err != nil {
		return err
	}
	return os.Rename(unfinished, configFile)
}

func masquerade(podSubnet string) error {
	command := exec.Command("nft", "-f", "-")
	command.Stdin = strings.NewReader(fmt.Sprintf(masqueradeTemplate, podSubnet))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("masquerade of %s: %w: %s", podSubnet, err, output)
	}
	return nil
}

package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"gridbook/server/boltstore"
	"gridbook/server/control"
	"gridbook/server/httpapi"
	"gridbook/server/office"
)

// serve runs the server until its context ends.
func serve(c *call) (err error) {
	if err := c.need(0, "listen"); err != nil {
		return err
	}
	if s := c.option("store"); s != "" && s != "bolt" {
		return usage("这个版本只支持 --store bolt，没有“"+s+"”。", c.line())
	}
	l, err := listen(c.option("listen"), *c.given["plain"])
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // the server has closed it already
	address, err := publicAddress(c.option("address"), l.Addr(), *c.given["plain"])
	if err != nil {
		return err
	}
	store, err := boltstore.Open(filepath.Join(c.data, storeFile), c.store())
	if err != nil {
		return err
	}
	o, err := c.withPhotos(store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	if !*c.given["plain"] {
		keys, err := o.Keys()
		if err != nil {
			return err
		}
		if l, err = httpapi.TLS(l, keys.Certificate, keys.CertificateKey); err != nil {
			return err
		}
	}
	if err := errors.Join(o.SetAddress(address), o.Level(c.Who)); err != nil {
		return err
	}
	return c.listenAndRun(o, l, address)
}

// listenAndRun serves laptops on l, and commands on the control socket.
func (c *call) listenAndRun(o *office.Office, l net.Listener, address string) error {
	ctl, err := control.Listen(c.data, c.Rand)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(c.Stderr, nil))
	inside := func(call control.Call, stdout, stderr io.Writer) int {
		p := *c.Program
		p.Stdout, p.Stderr, p.Who = stdout, stderr, call.Who
		return p.RunInside(c.ctx, o, call.Args)
	}
	commands := make(chan error, 1)
	go func() { commands <- ctl.Serve(inside) }()
	if err := o.Record(c.Who, office.ActServe, address, c.Version); err != nil {
		return errors.Join(err, ctl.Close(), <-commands)
	}
	limits := httpapi.DefaultLimits()
	limits.Heavy = max(1, runtime.NumCPU()/2)
	// A program that starts us waits for this line, also with --json.
	fmt.Fprintf(c.Stdout, "listening %s\n", schemeAndHost(l.Addr(), *c.given["plain"]))
	logger.Info("serving", "address", address, "version", c.Version)
	err = httpapi.New(o, limits, logger).Serve(c.ctx, l)
	if errors.Is(err, context.DeadlineExceeded) {
		// Who was too slow is cut off, and will send again.
		logger.Warn("stopped with exchanges under way")
		err = nil
	}
	err = errors.Join(err, ctl.Close(), <-commands)
	logger.Info("stopped", "error", fmt.Sprint(err))
	return err
}

func schemeAndHost(a net.Addr, plain bool) string {
	if plain {
		return "http://" + a.String()
	}
	return "https://" + a.String()
}

// listen opens the port. Without TLS, only this machine may connect.
func listen(address string, plain bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage("--listen 的地址“"+address+"”不对。", "请写成 主机:端口，例如 0.0.0.0:8443；端口写 0 表示自动选。")
	}
	if plain && !isLoopback(host) {
		return nil, usage("--plain 不加密，只能用在本机地址上。", "请把 --listen 改成 127.0.0.1:端口，或者去掉 --plain。")
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, listenError(address, err)
	}
	if plain && !isLoopback(hostOf(l.Addr())) {
		return nil, errors.Join(usage("--plain 不加密，只能用在本机地址上。", "请把 --listen 改成 127.0.0.1:端口。"), l.Close())
	}
	return l, nil
}

func hostOf(a net.Addr) string {
	host, _, _ := net.SplitHostPort(a.String())
	return host
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// publicAddress is what invitations carry: the given URL, else the address
// that the server listens on, else one of the machine's own.
func publicAddress(given string, bound net.Addr, plain bool) (string, error) {
	if given != "" {
		u, err := url.Parse(given)
		scheme := "https"
		if plain {
			scheme = "http"
		}
		if err != nil || u.Scheme != scheme || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return "", usage("--address“"+given+"”不对。", "请写成 "+scheme+"://主机:端口，后面不带路径。")
		}
		return given, nil
	}
	host, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return "", fmt.Errorf("address of the listener: %w", err)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ownAddress()
	}
	scheme := "https://"
	if plain {
		scheme = "http://"
	}
	return scheme + net.JoinHostPort(host, port), nil
}

// ownAddress returns the machine's first private IPv4 address, else its first
// of any kind, else the loopback address.
func ownAddress() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	var first string
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() {
			continue
		}
		if n.IP.To4() != nil && n.IP.IsPrivate() {
			return n.IP.String()
		}
		if first == "" {
			first = n.IP.String()
		}
	}
	if first == "" {
		return "127.0.0.1"
	}
	return first
}

// makeFolder makes the data folder, for its owner only.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

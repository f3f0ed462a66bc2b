// large: a program of some twenty megabytes, for `make bench-go` to attach to. Most of it is the standard library, which the
// linker must keep, since a method is looked up by a name that it cannot know.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/lzw"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"debug/buildinfo"
	"debug/dwarf"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/asn1"
	"encoding/csv"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"expvar"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/format"
	"go/importer"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"html/template"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"log/slog"
	"log/syslog"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/http/cgi"
	"net/http/cookiejar"
	"net/http/fcgi"
	"net/http/httptest"
	"net/http/httputil"
	"net/mail"
	"net/rpc"
	"net/rpc/jsonrpc"
	"net/smtp"
	"net/textproto"
	"os"
	"os/exec"
	"os/user"
	"reflect"
	"regexp"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"testing/quick"
	texttemplate "text/template"
	"time"
)

// kept is never called, but for a name that only the user knows.
var kept = []any{
	tar.NewReader, zip.NewWriter, bzip2.NewReader, flate.NewWriter, lzw.NewReader, new(ecdsa.PrivateKey), new(rsa.PrivateKey),
	new(tls.Conn), new(x509.Certificate), new(sql.DB), buildinfo.ReadFile, new(dwarf.Data), new(elf.File), new(macho.File),
	new(pe.File), asn1.Unmarshal, new(csv.Reader), new(gob.Decoder), new(json.Decoder), new(xml.Decoder), new(expvar.Map),
	new(ast.File), new(build.Context), new(doc.Package), format.Source, importer.Default, parser.ParseFile, new(printer.Config),
	new(token.FileSet), new(types.Config), new(template.Template), new(image.RGBA), draw.FloydSteinberg, gif.DecodeAll,
	jpeg.Encode, png.Encode, new(slog.Logger), new(syslog.Writer), new(big.Float), new(multipart.Reader), new(cgi.Handler),
	new(cookiejar.Jar), fcgi.Serve, new(httptest.Server), new(httputil.ReverseProxy), new(mail.Message), new(rpc.Server),
	jsonrpc.NewClient, new(smtp.Client), new(textproto.Conn), new(exec.Cmd), new(user.User), new(regexp.Regexp),
	new(pprof.Profile), trace.Start, new(testing.B), new(fstest.MapFS), iotest.ErrReader, quick.Check,
	new(texttemplate.Template), new(bytes.Buffer), new(http.Server), new(http.Transport), new(http.Client),
}

func main() {
	if name := strings.Join(os.Args[1:], ""); name != "" {
		for _, value := range kept {
			if method := reflect.ValueOf(value).MethodByName(name); method.IsValid() {
				fmt.Println(method.Call(nil))
			}
		}
	}
	fmt.Println("ready", os.Getpid(), runtime.Version(), "-")
	time.Sleep(time.Hour)
}

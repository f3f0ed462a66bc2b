// What can stand between a goroutine's begin and the place where it waits.
package main

import (
	"io"
	"net"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"sync"
	"unsafe"
)

func init() {
	ways = append(ways, depths, generics, wrappers, panics, reflections, libraries, assembly)
}

func ptr(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

func park() { select {} }

func deep(n int) int {
	if n == 0 {
		park()
	}
	return deep(n-1) + 1
}

func even(n int) int {
	if n == 0 {
		park()
	}
	return odd(n-1) + 1
}

func odd(n int) int { return even(n) * 2 }

func depths() {
	start(func() { deep(10) })
	start(func() { deep(98) })
	start(func() { deep(500) })
	start(func() { even(30) })
	start(func() {
		func() {
			func() {
				func() { park() }()
			}()
		}()
	})
}

type list[T any] struct{ items []T }

func (l *list[T]) each(f func(T)) {
	for _, x := range l.items {
		apply(f, x)
	}
}

func apply[T any](f func(T), x T) { f(x) }

func mapped[A, B any](in []A, f func(A) B) []B {
	var out []B
	for _, x := range in {
		out = append(out, f(x))
	}
	return out
}

func generics() {
	start(func() { (&list[int]{[]int{1}}).each(func(int) { park() }) })
	start(func() { (&list[map[string][]int]{[]map[string][]int{nil}}).each(func(map[string][]int) { park() }) })
	start(func() {
		mapped([]string{"a"}, func(string) float64 {
			park()
			return 1
		})
	})
}

type parker interface{ Park(int) }

type value struct{ a, b int }

func (v value) Park(n int) { deep(n) }

type embedded struct{ *value2 }

type value2 struct{ c chan int }

//go:noinline
func (v *value2) Park(n int) { <-v.c }

type listener struct {
	net.Listener
	once sync.Once
}

func wrappers() {
	var p parker = &value{1, 2}
	start(func() { p.Park(2) })
	go p.Park(3)
	var q parker = embedded{&value2{make(chan int)}}
	start(func() { q.Park(1) })
	go q.Park(1)
	f := q.Park
	start(func() { f(1) })
	go f(2)
	defer func() { recover() }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var accepting interface{ Accept() (net.Conn, error) } = &listener{Listener: l}
	start(func() { accepting.Accept() })
	go accepting.Accept()
}

// three is no constant, so that the compiler does not see what comes.
var three = 3

type broken struct{ next *broken }

//go:noinline
func (b *broken) value() int { return b.next.next.value() }

func panics() {
	// Waits in a deferred function, while a panic goes on.
	start(func() {
		defer func() {
			defer park()
			recover()
		}()
		panic("a reason")
	})
	start(func() {
		defer park()
		panic("a reason")
	})
	// The same, and the processor raised it: a signal put the call there.
	start(func() {
		defer park()
		(&broken{}).value()
	})
	start(func() {
		defer park()
		var p parker = (*value)(nil)
		p.Park(1)
	})
	start(func() {
		defer park()
		var s []int
		_ = s[three]
	})
	start(func() {
		defer park()
		runtime.Goexit()
	})
	start(func() {
		defer func() {
			recover()
			park()
		}()
		defer func() { panic("another") }()
		panic("a reason")
	})
}

func reflections() {
	start(func() { reflect.ValueOf(park).Call(nil) })
	start(func() { reflect.ValueOf(&value{}).MethodByName("Park").Call([]reflect.Value{reflect.ValueOf(1)}) })
	made := reflect.MakeFunc(reflect.TypeOf(park), func([]reflect.Value) []reflect.Value {
		park()
		return nil
	}).Interface().(func())
	start(made)
	method := reflect.ValueOf(&value{}).Method(0).Interface().(func(int))
	start(func() { method(1) })
}

type waiting struct{}

func (waiting) Read([]byte) (int, error) {
	park()
	return 0, io.EOF
}

func libraries() {
	start(func() {
		s := []int{3, 1, 2}
		sort.Slice(s, func(a, b int) bool {
			park()
			return s[a] < s[b]
		})
	})
	start(func() { io.ReadAll(waiting{}) })
	start(func() { io.Copy(io.Discard, io.TeeReader(waiting{}, io.Discard)) })
	start(func() {
		strings.Map(func(r rune) rune {
			park()
			return r
		}, "text")
	})
	var m sync.Map
	m.Store(1, 2)
	start(func() {
		m.Range(func(any, any) bool {
			park()
			return true
		})
	})
	object := &value{1, 2}
	runtime.SetFinalizer(object, func(*value) { park() })
	object = nil
	runtime.GC()
}

func assembly() {
	start(func() { throughAssembly(park) })
	start(func() { throughFrameless(park) })
}

//go:build !cgo

package main

func callbacks() {}

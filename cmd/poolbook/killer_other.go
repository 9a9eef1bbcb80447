//go:build !linux

package main

// offerToKiller does nothing: the system has no setting for it.
func offerToKiller() {}

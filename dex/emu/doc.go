// Package emu runs code of an app in a machine that is bounded on all sides, to
// read strings which that code hides: text that stands scrambled in the file, and that a
// method or a class initialiser makes readable when it runs.
//
// # How it works
//
// The code of DEX files and of class files is translated, method by method, to
// one list of instructions over registers (code.go), and run as the Android
// runtime would run it (exec.go): all arithmetic, arrays, branches, switches,
// fields, calls of methods of the app, class initialisers when a class is first
// used, exceptions. Methods of the framework are rows of a table (lib_*.go). A
// method that is neither in the table nor in the app ends the run, and that run alone.
//
// [Machine.Call] runs a call as it stands in code: of the code in front of it,
// the instructions that its arguments are made of (slice.go). [Machine.Init] runs a class
// initialiser. What initialisers leave stays; whatever else a run changed is
// undone when it ends, so no run depends on the one before.
//
// # What it finds
//
// Of the 985 SDK artefacts that signatures/profile/profiles.tsv lists 25, of 14
// families, hide strings: 9,319, of which Facebook's audience network has 5,711,
// JMessage 2,693, JCore 261, Tencent GDT 216, Baidu's ads with Mobstat 183 and
// JPush 122. 16 artefacts gain an endpoint by them, five an identifier. Of the
// runs 75 met a method that is not known, 30 a value and 14 an exception; none
// reached a limit. It takes 0.1 ms of processor time for half of the artefacts,
// less than 8 ms for 99 %, and 0.3 s for the largest (go test -run EmulatedReal -v
// ./cmd/internal/extract, with TELLTALE_TEST_FILES).
//
// # What it does not claim
//
// Static fields that other code sets have the value that their initialiser
// leaves. What an initialiser did not come to write before it ended early is unknown, and
// a run that reads it ends. Where a method asks for something that differs from device
// to device (the clock, the process), it is run as on two devices: only what both
// find is believed. There is one thread.
//
// # Threat model
//
// Code is hostile. Nothing that it does reaches the machine this program runs
// on: no row of the table opens a file or a connection, reads the clock or the
// environment, or starts anything. Instructions, memory and depth are
// bounded by [Limits]; whatever takes longer than an instruction counts as
// several. What a run does depends on the code alone, except for the fence in time,
// which no code meets that the other limits let through in a few seconds.
//
// Facts: the public "Dalvik bytecode" page; The Java Virtual Machine
// Specification, chapter 6; the documentation of the Java and Android class
// libraries (java.util.Random defines its generator there).
package emu

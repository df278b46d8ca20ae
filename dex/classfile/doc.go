// Package classfile reads Java class files and shows all of one archive as one
// body of code, with tables like those of a DEX file, so that an SDK can be
// examined before it is built into an app.
//
// A [File] is one class file: its constant pool, members and code. A [Set] is
// many of them under common numbers: sorted tables of strings, types,
// prototypes, fields and methods, and an abstract interpreter ([Set.Args]) that
// tells what is known of the arguments of a call. Types are written as
// descriptors ("Lcom/foo/Bar;") wherever they come from.
//
// The facts are from the Java Virtual Machine Specification, chapters 4 (the
// class file format) and 6 (instructions), editions 1 to 26: class files of
// major versions 45 to 70. What is different in files from before Java 1.0.2
// (minor versions of 45 below 3) is from OpenJDK's classFileParser.cpp.
//
// # What is left out
//
// Debug information, generic signatures, stack maps and type annotations are
// skipped. Files are not verified: code that no virtual machine would run is
// read as far as it can be.
//
// # Threat model and limits
//
// Every byte is hostile. Nothing is allocated from a declared size before it
// was compared with what remains, so a file takes at most a small multiple of
// its own size. Reading is lenient: what is damaged is left out and listed by
// [File.Anomalies], and indices keep their meaning. The constant pool has no
// index of its own, so behind a constant that cannot be read nothing else of
// that file can. The interpreter has limits of its own; see value.go.
//
// Files and sets never change once they are made and are safe for concurrent
// use. They borrow the bytes that they were made from.
package classfile

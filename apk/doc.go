// Package apk reads ZIP archives the way Android reads them, and types their
// content.
//
// An APK is what Android's libziparchive and its asset manager make of a file,
// not what a desktop unzip makes of it. The two differ in dozens of ways, and
// apps that hide from tools use all of them. This reader follows Android where
// Android reads, reads on where Android refuses, and in both cases says what it
// saw as an [Anomaly]. The facts are from AOSP system/libziparchive
// (zip_archive.cc), frameworks/base libs/androidfw (AssetsProvider.cpp) and the
// ZIP application note.
//
// # Use
//
// [Open] owns the file it opens; [NewReader] borrows an io.ReaderAt. An
// [Archive] holds the central directory only. [Entry.Read], [Entry.Append] and
// [Entry.Open] fetch content; nothing is ever written to disk, and no entry's
// name is ever used as a path. What an entry is, [Sniff] tells from its bytes,
// never from its name.
//
// # Threat model and limits
//
// Every byte is hostile. No input makes this package panic, loop without end,
// or allocate more than a small multiple of the bytes that are really there or
// than a named limit of [Limits]. All reading of content is charged to a
// [Budget] before bytes are produced; one Budget may span many archives nested
// in one another. What exceeds a limit fails with binread.TooLarge and the
// limit's name; the rest of the archive stays readable.
//
// Encrypted entries (ZipCrypto, AES) are recognised but not decrypted. Methods
// other than stored and deflate are not decoded: Android has none. Archives
// that are split over several disks are not supported.
package apk

// Package hugepages lets the heap of a short run grow by 2 MiB at a time, and
// keep what it has.
//
// Go asks the kernel for memory in pages of 4 KiB, each of which is an interrupt
// when it is touched first. A run that reads one app touches 150 MB once and ends:
// 35,000 interrupts, a fifth of its time, and as many misses of the tables that
// translate addresses. Where the kernel gives huge pages to those who ask
// (/sys/kernel/mm/transparent_hugepage/enabled says madvise, as most
// distributions have it), asking makes them 2,500.
//
// Memory is not taken by asking. What is used is rounded up to 2 MiB. Nor is it by
// Reserve, by which the heap keeps between one app and the next what it has.
package hugepages

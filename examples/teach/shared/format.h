// SPDX-License-Identifier: MIT
// What a C library would bring, as far as the kernel and the programs need it. Both link the same two files.
#pragma once
#include <stdarg.h>
#include <stddef.h>

void* memset(void* to, int byte, size_t n);
void* memcpy(void* to, const void* from, size_t n);
void* memmove(void* to, const void* from, size_t n);
int memcmp(const void* a, const void* b, size_t n);
size_t strlen(const char* s);
int strcmp(const char* a, const char* b);
void copy_string(char* to, const char* from, size_t room);  // cuts; always ends with a zero

// %d %u %x %s %c %%, each with a width, '-' (to the left), '0' (leading zeros) and, for numbers, 'l' (64
// bits). Every character goes to put(to, c).
void format(void (*put)(void* to, char c), void* to, const char* text, va_list arguments);

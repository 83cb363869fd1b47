/* Constants of every kind that `c2v.py --consts` knows, and what it must leave out. */
#ifndef CONSTS_H
#define CONSTS_H
#define SMALL 7u
#define MASK (0xful << 60)
#define NEGATIVE (-5)
#define SUM (SMALL + 1u)
#define ALIAS MASK
#define TEXT "no number"
#define MACRO(x) ((x) + 1)
#define ATTRIBUTE __attribute__((unused))
#define GONE 3
#undef GONE
#define OBJECT_SIZE (unsigned long)sizeof(unsigned short)
enum { RED, GREEN = 10, BLUE };
#endif

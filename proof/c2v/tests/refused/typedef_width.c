typedef unsigned int u64; /*! `u64` is defined as `unsigned int` */
static u64 a[4];
void f(void)
{
	a[0] = 1u;
}

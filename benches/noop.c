/* The program that costs least: what is measured beyond it is the cost of what runs it.
 * cc -O2 -static -o noop noop.c */
int main(void)
{
	return 0;
}

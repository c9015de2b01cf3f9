#include <pthreadpool.h>

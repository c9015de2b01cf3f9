#include <xnnpack.h>

// XNNPACK has no version number, and later ones changed how operators are made and set up.
typedef enum xnn_status (*tflite_xnnpack_create)(
    uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, size_t, size_t, size_t,
    size_t, const float *, const float *, float, float, uint32_t, xnn_operator_t *);
typedef enum xnn_status (*tflite_xnnpack_setup)(xnn_operator_t, size_t, size_t, size_t, const float *, float *, pthreadpool_t);

_Static_assert(
    __builtin_types_compatible_p(__typeof__(&xnn_create_convolution2d_nhwc_f32), tflite_xnnpack_create)
        && __builtin_types_compatible_p(__typeof__(&xnn_setup_convolution2d_nhwc_f32), tflite_xnnpack_setup),
    "this version of XNNPACK has another interface than the Delegates module knows; libxnnpack-dev of Debian 12 (0.0~git20220216) works");

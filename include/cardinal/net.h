/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Networks: ResNet and ResNeXt (He et al. 2016, arXiv:1512.03385; Xie et al. 2017, arXiv:1611.05431) in the variant
 * of torchvision (stride on the 3×3), composed of the operators of <cardinal/cardinal.h>.
 *
 * The conventions of <cardinal/cardinal.h> hold. This part is the library cardinal_net; it adds a JSON library.
 */
#ifndef CARDINAL_NET_H
#define CARDINAL_NET_H

#include <cardinal/cardinal.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- architecture ------------------------------------------------------------------------------------------- */

/** @defgroup architecture Architectures
 * Which network: by name or by its numbers.
 * @{ */

/** The numbers that make an architecture of the family. */
typedef struct cardinal_net_spec {
  uint32_t struct_size;     /**< set by cardinal_net_spec_init; functions that fill the struct heed it and keep it */
  uint32_t blocks[4];       /**< bottleneck blocks a stage: {3,4,6,3} for 50, {3,4,23,3} for 101, {3,8,36,3} for 152
                               layers */
  uint32_t cardinality;     /**< groups of the 3×3 convolutions */
  uint32_t width_per_group; /**< channels a group in the first stage; doubles with each stage */
  uint32_t classes;         /**< 1000 for ImageNet */
  char name[48];            /**< such as "resnext50_32x4d", or made up as "resnext50_8x14d"; one too long is cut */
  uint32_t stem_channels;   /**< outputs of the first convolution; 0: 64, as all named models have */
  uint32_t stage_channels; /**< outputs of the first stage's blocks, even; doubles with each stage; 0: 256, as all named
                              models have */
} cardinal_net_spec;

/** Makes `spec` ready to be filled, by the functions below or by hand: all zero but its size. */
CARDINAL_API void cardinal_net_spec_init(cardinal_net_spec *spec);

/** The same for a struct of `size` bytes, of which no more are written. Calls of cardinal_net_spec_init come here with
 * the size that the caller's header gives the struct; the function of that name, which programs without these headers
 * may call, takes the size of the first release. */
CARDINAL_API void cardinal_net_spec_init_sized(cardinal_net_spec *spec, size_t size);
/** Calls cardinal_net_spec_init_sized. */
#define cardinal_net_spec_init(spec) cardinal_net_spec_init_sized((spec), sizeof *(spec))

/** The name of the index-th of the named models: resnet50, resnet101, resnet152, wide_resnet50_2, wide_resnet101_2,
 * resnext50_32x4d, resnext101_32x4d, resnext101_32x8d, resnext101_64x4d; NULL past the last. Static storage. */
CARDINAL_API const char *cardinal_net_model_name(size_t index);

/** Fills `spec`, which cardinal_net_spec_init has seen, for one of the named models or by a made-up name like those
 * that the library gives: "resnext50_8x14d" is 50 layers, 8 groups, width 14; "resnext26_32x4d_2-2-2-2" has other
 * numbers of blocks, "resnext26_8x4d_2-2-2-2_16to64" a stem of 16 channels and 64 to 512 behind the stages. Errors: an
 * unknown name (the message lists the known ones), a spec without struct_size. */
CARDINAL_API cardinal_status cardinal_net_spec_named(const char *name, cardinal_net_spec *spec, cardinal_error *error);

/** The name of one of ImageNet's 1000 classes in the order of the logits, such as "Egyptian cat"; NULL past the last.
 * Static storage. */
CARDINAL_API const char *cardinal_imagenet_class(size_t index);

/** A member of the family: depth 50, 101 or 152, any cardinality and first-stage width from 1 to 1024.
 * Errors: a number out of range (the message names it), a spec without struct_size. */
CARDINAL_API cardinal_status cardinal_net_spec_custom(uint32_t depth, uint32_t cardinality, uint32_t width_per_group,
                                                      cardinal_net_spec *spec, cardinal_error *error);

/** Parameters (batch norm's scale and shift counted, its statistics not) and multiply-adds of one
 * image. Errors: a spec or an image size out of range. */
CARDINAL_API cardinal_status cardinal_net_count(const cardinal_net_spec *spec, int64_t image_height,
                                                int64_t image_width, uint64_t *parameters, uint64_t *multiply_adds,
                                                cardinal_error *error);

/** @} */

/* ---- weights ------------------------------------------------------------------------------------------------ */

/** @defgroup weights Weights
 * Where the numbers come from: a file or the synthetic generator.
 * @{ */

/** A set of named tensors: a safetensors file or the synthetic generator. */
typedef struct cardinal_weights cardinal_weights;

/** Opens a safetensors file (https://github.com/huggingface/safetensors). The header is checked completely; tensors
 * are F32, F16, BF16 or, in quantised files (docs/quantisation.md), I8; I64 scalars named *.num_batches_tracked are
 * ignored. A prefix "module." that all names have,
 * as PyTorch's DataParallel writes it, is taken off. Values are read and checked for finiteness when a network is made.
 *
 * The file stays open while the object lives, and is read, never mapped: should somebody cut it short in the meantime,
 * whoever reads gets an error, and no signal. A file that is overwritten gives whatever stands there then.
 * Errors: an unreadable file or one that isn't a regular file, a header that isn't what the format demands, memory. */
CARDINAL_API cardinal_status cardinal_weights_open(const char *path, cardinal_weights **weights, cardinal_error *error);

/** The synthetic generator for a spec: a documented integer hash, see docs/synthetic-weights.md.
 * Errors: a spec out of range, memory. */
CARDINAL_API cardinal_status cardinal_weights_synthetic(const cardinal_net_spec *spec, uint64_t seed,
                                                        cardinal_weights **weights, cardinal_error *error);

/** Destroys weights; NULL is allowed. Networks made from them stay. */
CARDINAL_API void cardinal_weights_destroy(cardinal_weights *weights);

/** Recognises the architecture from names and shapes of the tensors.
 * Errors: tensors that belong to no network of the family, a spec without struct_size. */
CARDINAL_API cardinal_status cardinal_weights_spec(const cardinal_weights *weights, cardinal_net_spec *spec,
                                                   cardinal_error *error);

/** Copies one tensor, converted to float; `floats` must be its size. For tests and tools.
 * Errors: an unknown name, another size, a file that can't be read any more. */
CARDINAL_API cardinal_status cardinal_weights_read(const cardinal_weights *weights, const char *name, float *to,
                                                   size_t floats, cardinal_error *error);

/** Synthetic input: writes `floats` values in [-2, 2) of the generator's stream "input". */
CARDINAL_API void cardinal_synthetic_input(uint64_t seed, float *to, size_t floats);

/** @} */

/* ---- running ------------------------------------------------------------------------------------------------ */

/** @defgroup net Networks
 * Making, running and profiling whole networks.
 * @{ */

/** A network with its shapes fixed, its kernels chosen and its weights packed. Immutable, like a plan. */
typedef struct cardinal_net cardinal_net;

/** The numbers that a network's layers multiply. Images, features and logits are float in each. */
typedef enum cardinal_precision {
  CARDINAL_PRECISION_DEFAULT = 0, /**< int8 for weights that were quantised (docs/quantisation.md), else f32 */
  CARDINAL_PRECISION_F32,         /**< "f32" */
  CARDINAL_PRECISION_BF16, /**< "bf16": weights and what flows between layers are rounded to it, sums are float */
  CARDINAL_PRECISION_INT8  /**< "int8": needs weights that were quantised, or synthetic ones */
} cardinal_precision;

/** "default", "f32", "bf16", "int8"; NULL for a value outside the enum. Static storage. */
CARDINAL_API const char *cardinal_precision_name(cardinal_precision precision);

/** What a network takes. */
typedef struct cardinal_net_desc {
  uint32_t struct_size;         /**< set by cardinal_net_desc_init */
  uint32_t flags;               /**< must be 0 */
  int64_t batch;                /**< images a run */
  int64_t image_height;         /**< rows, at least 32 */
  int64_t image_width;          /**< columns, at least 32 */
  cardinal_precision precision; /**< of the layers */
  uint32_t reserved;            /**< must be 0 */
} cardinal_net_desc;

/** Fills `desc`: batch 1, 224×224, the default precision. */
CARDINAL_API void cardinal_net_desc_init(cardinal_net_desc *desc);

/** The same for a struct of `size` bytes, of which no more are written; see cardinal_net_spec_init_sized. */
CARDINAL_API void cardinal_net_desc_init_sized(cardinal_net_desc *desc, size_t size);
/** Calls cardinal_net_desc_init_sized. */
#define cardinal_net_desc_init(desc) cardinal_net_desc_init_sized((desc), sizeof *(desc))

/** Makes a network: folds batch norm (eps 1e-5) into the weights in double precision, rounds them to the precision,
 * packs them tensor by tensor and plans the memory of activations.
 * Errors: a missing, extra, misshapen or non-finite tensor; a precision that the weights can't have; a file that can't
 * be read; a size out of range; memory.
 * @param context  outlives the network
 * @param spec     the architecture; not kept
 * @param weights  of that architecture; not kept
 * @param desc     batch and image size; not kept
 * @param net      the new network, the caller's until cardinal_net_destroy
 * @param error    may be NULL
 * @return CARDINAL_OK, or why there is no network */
CARDINAL_API cardinal_status cardinal_net_create(const cardinal_context *context, const cardinal_net_spec *spec,
                                                 const cardinal_weights *weights, const cardinal_net_desc *desc,
                                                 cardinal_net **net, cardinal_error *error);

/** Makes a network of another batch or image size, or in another context, that shares the packed weights of one that
 * was made: it reads and packs nothing, and holds no copy. Either may be destroyed first; the weights go with the last.
 * It gives the bits of a network that was made of the same weights. In int8, scales are those of `with`.
 * Errors: another precision than that of `with`; a size out of range; memory.
 * @param context  outlives the network; that of `with` outlives it as well
 * @param with     whose weights it shares
 * @param desc     batch and image size; precision: that of `with`, or the default; not kept
 * @param net      the new network, the caller's until cardinal_net_destroy
 * @param error    may be NULL
 * @return CARDINAL_OK, or why there is no network */
CARDINAL_API cardinal_status cardinal_net_create_sharing(const cardinal_context *context, const cardinal_net *with,
                                                         const cardinal_net_desc *desc, cardinal_net **net,
                                                         cardinal_error *error);

/** Destroys a network; NULL is allowed. No run of it may be under way. */
CARDINAL_API void cardinal_net_destroy(cardinal_net *net);

/** Bytes of the arena that one run needs: activations and scratch. */
CARDINAL_API size_t cardinal_net_arena_bytes(const cardinal_net *net);

/** The precision that the network has, which is never the default. */
CARDINAL_API cardinal_precision cardinal_net_precision(const cardinal_net *net);

/** Channels of the global average pool: 2048 for the named models, 8 * stage_channels for others. */
CARDINAL_API size_t cardinal_net_feature_count(const cardinal_net *net);

/** Bytes of packed weights that the network holds, alone or with others. */
CARDINAL_API size_t cardinal_net_weight_bytes(const cardinal_net *net);

/** Runs a batch; allocates nothing. Any number of threads may run one net at once, each with an arena of its own.
 * Errors: a NULL that isn't allowed.
 * @param net       what to run
 * @param images    NCHW [batch][3][image_height][image_width], normalised
 * @param features  [batch][cardinal_net_feature_count()] of the global average pool, or NULL
 * @param logits    [batch][classes], or NULL
 * @param arena     cardinal_net_arena_bytes() bytes, any alignment
 * @param error     may be NULL
 * @return CARDINAL_OK, or why nothing was run */
CARDINAL_API cardinal_status cardinal_net_run(const cardinal_net *net, const float *images, float *features,
                                              float *logits, void *arena, cardinal_error *error);

/** One operator of a network as it is run. What it points to lives as long as the net. */
typedef struct cardinal_net_layer {
  uint32_t struct_size;           /**< set by cardinal_net_layer_init */
  uint32_t is_conv;               /**< 1 for convolutions and the fully connected layer, 0 for pools */
  const char *name;               /**< as in the weights: "conv1", "layer1.0.conv2", "layer1.0.downsample.0", "fc";
                                     "maxpool", "avgpool" */
  const cardinal_plan *plan;      /**< the network's own */
  const cardinal_conv_desc *conv; /**< if is_conv, else NULL */
  const cardinal_pool_desc *pool; /**< if not is_conv, else NULL */
  uint64_t multiply_adds;         /**< of the batch, nominal: padding taps counted */
} cardinal_net_layer;

/** Makes `layer` ready to be filled. */
CARDINAL_API void cardinal_net_layer_init(cardinal_net_layer *layer);

/** The same for a struct of `size` bytes, of which no more are written; see cardinal_net_spec_init_sized. */
CARDINAL_API void cardinal_net_layer_init_sized(cardinal_net_layer *layer, size_t size);
/** Calls cardinal_net_layer_init_sized. */
#define cardinal_net_layer_init(layer) cardinal_net_layer_init_sized((layer), sizeof *(layer))

/** How many operators a network runs. */
CARDINAL_API size_t cardinal_net_layer_count(const cardinal_net *net);

/** Fills `layer`, which cardinal_net_layer_init has seen, with the index-th operator in the order of running.
 * Errors: an index past the last, a layer without struct_size. */
CARDINAL_API cardinal_status cardinal_net_layer_get(const cardinal_net *net, size_t index, cardinal_net_layer *layer);

/** Called before or after an operator with its index; `user` is what cardinal_net_run_profiled was given. */
typedef void (*cardinal_net_visit)(void *user, size_t layer);

/** As cardinal_net_run, and calls before(user, layer) and after(user, layer) around each operator on the calling
 * thread, for profiling. Either may be NULL. Errors: as cardinal_net_run. */
CARDINAL_API cardinal_status cardinal_net_run_profiled(const cardinal_net *net, const float *images, float *features,
                                                       float *logits, void *arena, cardinal_net_visit before,
                                                       cardinal_net_visit after, void *user, cardinal_error *error);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* CARDINAL_NET_H */

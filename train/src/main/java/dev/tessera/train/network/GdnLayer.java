package dev.tessera.train.network;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Generalized divisive normalization (Ballé, Laparra, Simoncelli, ICLR 2016) and its inverse: with
 * {@code n = beta + gamma·x²} over the channels of a pixel, {@code y = x / sqrt(n)} or {@code y = x
 * · sqrt(n)}.
 *
 * <p>Pixels are the rows of a matrix (channels-last order makes that a view), so that the sum is
 * one matrix product which adds beta itself. With the slope {@code g} of {@code y} the adjoint is
 *
 * <pre>
 *   GDN   b = g·x / n^(3/2)   dx = g / sqrt(n) − x · (b gamma)   dgamma = −½ bᵀx²   dbeta = −½ Σ b
 *   IGDN  b = g·x / sqrt(n)   dx = g · sqrt(n) + x · (b gamma)   dgamma = +½ bᵀx²   dbeta = +½ Σ b
 * </pre>
 */
final class GdnLayer implements DifferentiableLayer {
  private final String beta;
  private final String gamma;
  private final boolean inverse;

  GdnLayer(String name, boolean inverse) {
    this.beta = name + ".beta";
    this.gamma = name + ".gamma";
    this.inverse = inverse;
  }

  /** The pixels of an image as rows; a view where the order is channels-last. */
  static Tensor rows(Tensor image) {
    return image.permute(0, 2, 3, 1).reshape(-1, image.size(1));
  }

  private static Tensor image(Tensor rows, Tensor like) {
    return rows.view(like.size(0), like.size(2), like.size(3), like.size(1)).permute(0, 3, 1, 2);
  }

  @Override
  public Tensor forward(Tensor input, NetworkWeights weights, Tape tape) {
    Tensor x = rows(input);
    Tensor squares = x.mul(x);
    Tensor factor = torch.addmm(weights.get(beta), squares, weights.get(gamma).t());
    if (inverse) {
      factor.sqrt_();
    } else {
      factor.rsqrt_();
    }
    Tensor y = x.mul(factor);
    tape.push(inverse ? x : y);
    tape.push(x);
    tape.push(squares);
    tape.push(factor);
    return image(y, input);
  }

  @Override
  public Tensor backward(Tensor slope, NetworkWeights weights, Tape tape, boolean wanted) {
    Tensor factor = tape.pop();
    Tensor squares = tape.pop();
    Tensor x = tape.pop();
    Tensor kept = tape.pop();
    Tensor g = rows(slope);
    Tensor direct = g.mul(factor);
    Tensor b = inverse ? g.mul(kept).div_(factor) : direct.mul(kept).mul_(factor);
    Tensor gammaSlope = b.t().mm(squares);
    Tensor betaSlope = weights.columnSums(b);
    Tensor through = b.mm(weights.get(gamma));
    weights.gradient(gamma).copy_(inverse ? gammaSlope : gammaSlope.neg_());
    weights.gradient(beta).copy_(inverse ? betaSlope : betaSlope.neg_());
    direct.addcmul_(x, through, inverse ? Tensors.ONE : Tensors.MINUS_ONE);
    return image(direct, slope);
  }
}
